package table

import "time"

// millis is a time in Unix milliseconds; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// ttl is when DynamoDB may delete an item, in Unix seconds: some time after it
// is over, since readers check expiry themselves.
func ttl(t time.Time) int64 { return t.Unix() + 1 }
