package callback

import "time"

// backOffs are the waits after the first failure, the second, and so on; the last is that
// of all further ones (Standard Webhooks, "Deliverability and reliability").
var backOffs = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// jitter is by how much a wait is stretched at most, so that many don't come back at once.
const jitter = 0.2

// backOff is how long to wait after so many failures in a row, 1 or more. random is in [0, 1).
func backOff(failures int, random float64) time.Duration {
	wait := backOffs[min(failures, len(backOffs))-1]
	return wait + time.Duration(float64(wait)*jitter*random)
}
