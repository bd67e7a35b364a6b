package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Most work that a hash may ask for, so that a changed item can't ask for the
// whole machine. The settings' bounds are within.
const (
	maxMemoryKiB  = 1 << 20
	maxIterations = 16
	maxLanes      = 16
	maxPHC        = 512 // octets
)

// keyIDPrefix is left out of PHC strings: they leave 8 bytes for a key id.
const keyIDPrefix = "m_"

// phc is a PHC string of argon2id: what was done and what came of it.
type phc struct {
	cost  settings.Argon2
	keyID string
	salt  []byte
	hash  []byte
}

var errPHC = errors.New("password: the stored hash isn't a PHC string of argon2id as this package makes them")

// String is the form of the PHC string format specification: base64 without
// padding, keyid after the costs.
func (p phc) String() string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d,keyid=%s$%s$%s", argon2.Version,
		p.cost.MemoryKiB, p.cost.Iterations, p.cost.Lanes,
		encode([]byte(strings.TrimPrefix(p.keyID, keyIDPrefix))), encode(p.salt), encode(p.hash))
}

// parsePHC reads what String writes, and nothing else. Its errors hold no part
// of the string.
func parsePHC(text string) (phc, error) {
	fields := strings.Split(text, "$")
	if len(text) > maxPHC || len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" ||
		fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	p, ok := parseParameters(fields[3])
	if !ok {
		return phc{}, errPHC
	}
	var saltErr, hashErr error
	p.salt, saltErr = base64.RawStdEncoding.Strict().DecodeString(fields[4])
	p.hash, hashErr = base64.RawStdEncoding.Strict().DecodeString(fields[5])
	if saltErr != nil || hashErr != nil || len(p.hash) != hashSize || p.String() != text {
		return phc{}, errPHC
	}
	return p, p.check()
}

func parseParameters(text string) (p phc, ok bool) {
	fields := strings.Split(text, ",")
	if len(fields) != 4 {
		return phc{}, false
	}
	var values [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		value, found := strings.CutPrefix(fields[i], name)
		number, err := strconv.ParseUint(value, 10, 32)
		if !found || err != nil {
			return phc{}, false
		}
		values[i] = number
	}
	value, found := strings.CutPrefix(fields[3], "keyid=")
	id, err := base64.RawStdEncoding.Strict().DecodeString(value)
	if !found || err != nil || values[2] > maxLanes {
		return phc{}, false
	}
	p.cost = settings.Argon2{MemoryKiB: uint32(values[0]), Iterations: uint32(values[1]), Lanes: uint8(values[2])}
	p.keyID = keyIDPrefix + string(id)
	return p, true
}

// check bounds the work (RFC 9106 §3.1 from below).
func (p phc) check() error {
	c := p.cost
	if c.Lanes < 1 || c.Lanes > maxLanes || c.Iterations < 1 || c.Iterations > maxIterations ||
		c.MemoryKiB < 8*uint32(c.Lanes) || c.MemoryKiB > maxMemoryKiB || len(p.salt) < 8 || len(p.salt) > 64 {
		return fmt.Errorf("password: argon2id with m=%d, t=%d, p=%d and %d bytes of salt is out of bounds",
			c.MemoryKiB, c.Iterations, c.Lanes, len(p.salt))
	}
	return nil
}
