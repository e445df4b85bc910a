package sso

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// Wait is a request to an identity provider that is out, or was.
type Wait struct {
	Relay      []byte       `json:"relay"` // hash of the RelayState by which it is answered
	Connection ConnectionID `json:"connection"`
	Request    string       `json:"request"`         // its ID
	Fresh      time.Time    `json:"fresh,omitzero"`  // when the person had to be asked anew
	Left       time.Time    `json:"left,omitzero"`   // when the browser left
	Which      Which        `json:"which,omitempty"` // settings of the connection it left by
	Turn       int64        `json:"turn,omitempty"`  // of these, where they were live
	Answered   bool         `json:"answered,omitempty"`
}

// maxWaits is how many requests of one attempt can be out: of further ones the
// oldest is forgotten.
const maxWaits = 8

// Await keeps a request of the attempt and returns the RelayState that leads
// back to it, of 74 octets: SAML allows [maxRelay].
func (a *Attempt) Await(w Wait) secret.Token {
	token := secret.ParseToken(string(a.ID) + "." + secret.NewToken().Reveal())
	hash := token.Hash()
	w.Relay = hash[:]
	if len(a.Waits) >= maxWaits {
		a.Waits = slices.Delete(a.Waits, 0, len(a.Waits)-maxWaits+1)
	}
	a.Waits = append(a.Waits, w)
	return token
}

// Awaited returns the request that a RelayState leads back to, answered or not;
// nil where it leads to none of this attempt.
func (a *Attempt) Awaited(relay string) *Wait {
	hash := secret.ParseToken(relay).Hash()
	for i := range a.Waits {
		if subtle.ConstantTimeCompare(a.Waits[i].Relay, hash[:]) == 1 {
			return &a.Waits[i]
		}
	}
	return nil
}

// maxRelay is how long a RelayState may be (SAML Bindings 3.4.3).
const maxRelay = 80

// RelayedAttempt returns which attempt a RelayState says it is of, which anybody
// can say; "" where it is none of ours.
func RelayedAttempt(relay string) AttemptID {
	id, _, ours := strings.Cut(relay, ".")
	if !ours || len(relay) > maxRelay {
		return ""
	}
	return AttemptID(id)
}
