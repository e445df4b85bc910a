package events

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins the secrets that receivers are given [Standard Webhooks].
const secretPrefix = "whsec_"

// newSecret returns the octets of a fresh secret.
func newSecret() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// SecretText writes a secret as receivers are given it.
func SecretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// signed returns the headers by which a receiver knows that a body is ours, that
// nobody has altered it, and when it was sent [Standard Webhooks]. There is one
// signature for each secret: while a secret is replaced, the receiver may know
// either.
func signed(id string, now time.Time, body []byte, keys ...[]byte) map[string]string {
	at := strconv.FormatInt(now.Unix(), 10)
	var all []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return map[string]string{"Webhook-Id": id, "Webhook-Timestamp": at, "Webhook-Signature": strings.Join(all, " "), "Content-Type": "application/json"}
}
