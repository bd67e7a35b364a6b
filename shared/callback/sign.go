package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Headers of Standard Webhooks.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// rotationGrace is how long after a rotation of the ring messages are signed with the
// secret before, too, at the least.
const rotationGrace = 24 * time.Hour

// secretPrefix begins a secret as receivers enter it.
const secretPrefix = "whsec_"

// Secret is the secret with which url verifies its messages: whsec_ and 32 bytes in
// base64. It is derived from the ring's current key and stored nowhere.
func Secret(keys *secret.Keyring, url string) secret.Text {
	return secret.NewText(secretPrefix + base64.StdEncoding.EncodeToString(secretOf(keys.Current(), url)))
}

// Secrets are the secrets of all urls, revealed, for an operator to enter at the receivers.
func Secrets(keys *secret.Keyring, urls []string) map[string]string {
	secrets := map[string]string{}
	for _, url := range urls {
		secrets[url] = Secret(keys, url).Reveal()
	}
	return secrets
}

func secretOf(key secret.MACKey, url string) []byte { return key.Sum("callback secret", []byte(url)) }

// signatures is the value of webhook-signature: one for each secret that the receiver may
// know, separated by spaces.
func signatures(keys *secret.Keyring, url string, m message, now time.Time) string {
	var list []string
	for _, key := range keys.Recent(now.Add(-rotationGrace)) {
		mac := hmac.New(sha256.New, secretOf(key, url))
		mac.Write([]byte(m.id + "." + timestamp(now) + "."))
		mac.Write(m.body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " ")
}

func timestamp(now time.Time) string { return strconv.FormatInt(now.Unix(), 10) }
