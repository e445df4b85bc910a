package sso

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// How often what an identity provider publishes is looked at.
const (
	WatchEvery  = 24 * time.Hour   // where it is as it should be
	WatchAgain  = time.Hour        // where it could not be read
	WatchAsked  = 10 * time.Minute // at most so often because a sign-in met an unknown key
	WatchTells  = 3 * 24 * time.Hour
	ExpirySoon  = 60 * 24 * time.Hour // before which the end of certificates is said
	maxSeenKeys = 64                  // that a watch remembers
)

// ExpiryDays are how many days before the last certificate of an identity
// provider ends somebody is told, once each.
func ExpiryDays() []int { return []int{60, 30, 7, 1} }

// Published is what an identity provider publishes of itself.
type Published struct {
	EntityID     string     `json:"entity_id"`
	Endpoints    []Endpoint `json:"endpoints"`
	LogoutTo     []Endpoint `json:"logout_to,omitempty"`
	Certificates [][]byte   `json:"certificates"`
	WantsSigned  bool       `json:"wants_signed,omitempty"`
}

// Digest is the same for what says the same.
func (p *Published) Digest() string {
	sorted := *p
	sorted.Certificates = slices.SortedFunc(slices.Values(p.Certificates), bytes.Compare)
	text, err := json.Marshal(sorted)
	if err != nil {
		panic("sso: " + err.Error()) // texts are always written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Difference is how what is published differs from what a connection goes by.
// What may be taken over without asking is not in it.
type Difference struct {
	EntityID bool // it calls itself otherwise
	Hosts    bool // browsers are sent to other hosts
	SignOn   bool // to other addresses
	Logout   bool
	Removed  [][]byte // certificates that were published, and are not any more
	Added    [][]byte // that came with one of these, or were taken away here before
}

// IsZero reports whether there is nothing to decide.
func (d *Difference) IsZero() bool {
	return !d.EntityID && !d.Hosts && !d.SignOn && !d.Logout && len(d.Removed) == 0 && len(d.Added) == 0
}

// Watch is what is known of what the identity provider of a connection
// publishes, and who was told about it.
type Watch struct {
	Connection ConnectionID
	Org        OrgID
	DueAt      time.Time
	Seen       WatchState
	FetchedAt  time.Time // when the identity provider last read our metadata; zero: never
	FetchedBy  string    // what it called itself
	Version    int64
}

// WatchState is what a watch remembers from one look to the next.
type WatchState struct {
	URL      string    `json:"url,omitempty"` // that the rest is about
	Keys     []string  `json:"keys,omitempty"`
	ReadAt   time.Time `json:"read_at,omitzero"`       // when it could be read last
	Failing  time.Time `json:"failing_since,omitzero"` // zero: it can be read
	Failure  string    `json:"failure,omitempty"`      // fault code
	Got      string    `json:"got,omitempty"`
	ToldAt   time.Time `json:"told_at,omitzero"`    // that it cannot be read
	Held     Published `json:"held,omitzero"`       // waits for somebody to decide
	HeldAt   time.Time `json:"held_at,omitzero"`    // zero: nothing waits
	Refused  string    `json:"refused,omitempty"`   // digest of what was refused
	Warned   string    `json:"warned,omitempty"`    // fingerprint of the certificate whose end was said,
	Days     int       `json:"days,omitempty"`      // and how many days before
	TheyKnow []string  `json:"they_know,omitempty"` // keys of ours of which the owners were told
}

// fingerprintOf names a certificate.
func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Begin has w watch an address at which these certificates were read just now.
func (w *Watch) Begin(address string, certificates [][]byte, now time.Time) {
	s := &w.Seen
	if s.URL != address {
		*s = WatchState{URL: address, Warned: s.Warned, Days: s.Days, TheyKnow: s.TheyKnow}
	}
	s.ReadAt, s.Failing, s.Failure, s.Got, s.ToldAt = now, time.Time{}, "", "", time.Time{}
	s.see(certificates)
}

// see remembers certificates that were published.
func (s *WatchState) see(certificates [][]byte) {
	for _, der := range certificates {
		if name := fingerprintOf(der); !slices.Contains(s.Keys, name) {
			s.Keys = append(slices.Clone(s.Keys), name)
		}
	}
	if over := len(s.Keys) - maxSeenKeys; over > 0 {
		s.Keys = s.Keys[over:]
	}
}

func (s *WatchState) saw(der []byte) bool { return slices.Contains(s.Keys, fingerprintOf(der)) }

// Compare says what of the published needs a decision before c goes by it, and
// which certificates may be added beside those that are there. Keys are added
// where everything else that leads people there is as it was: an address that
// fell into other hands must not add its own.
func (w *Watch) Compare(c *Connection, p *Published, maxKeys int) (Difference, [][]byte) {
	s := &c.SAML
	d := Difference{
		EntityID: s.IdPEntityID != p.EntityID, SignOn: !sameEndpoints(s.Endpoints, p.Endpoints), Logout: !sameEndpoints(s.LogoutTo, p.LogoutTo),
		Hosts: !onHosts(p.Endpoints, s.Endpoints) || !onHosts(p.LogoutTo, append(slices.Clone(s.LogoutTo), s.Endpoints...)),
	}
	var fresh [][]byte
	for _, der := range p.Certificates {
		switch {
		case hasCertificate(s.Certificates, der):
		case w.Seen.saw(der):
			d.Added = append(d.Added, der)
		default:
			fresh = append(fresh, der)
		}
	}
	for _, der := range s.Certificates {
		if !hasCertificate(p.Certificates, der) && w.Seen.saw(der) {
			d.Removed = append(d.Removed, der)
		}
	}
	if d.EntityID || d.Hosts || len(s.Certificates)+len(fresh) > maxKeys {
		d.Added, fresh = append(d.Added, fresh...), nil
	}
	return d, fresh
}

// Learned is what a look at what is published has come to.
type Learned struct {
	Added [][]byte // certificates that c got
	Held  bool     // something new waits for a decision
}

// Learn lets what was published at an address change c and w: keys are added
// beside those that are there, everything else that counts is held.
func (w *Watch) Learn(c *Connection, p *Published, maxKeys int, now time.Time) Learned {
	if w.Seen.URL != c.SAML.MetadataURL {
		w.Begin(c.SAML.MetadataURL, nil, now)
	}
	s := &w.Seen
	s.ReadAt, s.Failing, s.Failure, s.Got, s.ToldAt = now, time.Time{}, "", "", time.Time{}
	d, added := w.Compare(c, p, maxKeys)
	if len(added) > 0 {
		c.SAML.Certificates = append(slices.Clone(c.SAML.Certificates), added...)
	}
	if !d.EntityID && !d.Hosts {
		c.SAML.WantsSigned = p.WantsSigned
	}
	digest := p.Digest()
	learned := Learned{Added: added}
	switch {
	case d.IsZero():
		s.Held, s.HeldAt, s.Refused = Published{}, time.Time{}, ""
	case s.Refused == digest:
		s.Held, s.HeldAt = Published{}, time.Time{}
	case s.HeldAt.IsZero() || s.Held.Digest() != digest:
		s.Held, s.HeldAt, learned.Held = *p, now, true
	}
	if !d.EntityID && !d.Hosts {
		// Certificates of who may be somebody else are not known for ours.
		s.see(p.Certificates)
	}
	return learned
}

// Fail notes that nothing good could be read, and says whether the owners are
// to be told now.
func (w *Watch) Fail(c *Connection, f *fault.Error, now time.Time) (tell bool) {
	if w.Seen.URL != c.SAML.MetadataURL {
		w.Begin(c.SAML.MetadataURL, nil, time.Time{})
	}
	s := &w.Seen
	if s.Failing.IsZero() {
		s.Failing = now
	}
	s.Failure, s.Got = f.Code, clip(f.Got)
	if tell = s.ToldAt.IsZero() && now.Sub(s.Failing) >= WatchTells; tell {
		s.ToldAt = now
	}
	return tell
}

// Waiting returns what waits for a decision under this digest.
func (w *Watch) Waiting(digest string) (*Published, error) {
	if w.Seen.HeldAt.IsZero() || w.Seen.Held.Digest() != digest {
		return nil, &fault.Error{Kind: fault.Conflict, Code: "watch_decided", Want: "a change that still waits", Got: clip(digest), Fix: fault.AdminSide}
	}
	return &w.Seen.Held, nil
}

// Approve has c go by what waits. Certificates that somebody has added by hand
// stay.
func (w *Watch) Approve(c *Connection, digest string) error {
	p, err := w.Waiting(digest)
	if err != nil {
		return err
	}
	certificates := slices.Clone(p.Certificates)
	for _, der := range c.SAML.Certificates {
		if !hasCertificate(certificates, der) && !w.Seen.saw(der) {
			certificates = append(certificates, der)
		}
	}
	s := &c.SAML
	s.IdPEntityID, s.Endpoints, s.LogoutTo, s.WantsSigned, s.Certificates = p.EntityID, p.Endpoints, p.LogoutTo, p.WantsSigned, certificates
	c.Settle()
	w.Seen.see(p.Certificates)
	w.Seen.Held, w.Seen.HeldAt, w.Seen.Refused = Published{}, time.Time{}, ""
	return nil
}

// Refuse leaves things as they are. The same is not asked again.
func (w *Watch) Refuse(digest string) error {
	if _, err := w.Waiting(digest); err != nil {
		return err
	}
	w.Seen.Held, w.Seen.HeldAt, w.Seen.Refused = Published{}, time.Time{}, digest
	return nil
}

// Expires says how many days before the end of the last certificate somebody
// is to be told now; 0: nobody. Each is told once.
func (w *Watch) Expires(c *Connection, now time.Time) int {
	der, ends := c.SAML.lasting()
	if der == nil || !now.Before(ends) {
		return 0
	}
	days := 0
	for _, d := range ExpiryDays() {
		if ends.Sub(now) <= time.Duration(d)*24*time.Hour {
			days = d
		}
	}
	name := fingerprintOf(der)
	if days == 0 || w.Seen.Warned == name && w.Seen.Days <= days {
		return 0
	}
	w.Seen.Warned, w.Seen.Days = name, days
	return days
}

// Tell reports whether the owners are to be told of a key of ours, and notes
// that they are.
func (w *Watch) Tell(key string) bool {
	if slices.Contains(w.Seen.TheyKnow, key) {
		return false
	}
	const few = 4
	w.Seen.TheyKnow = append(slices.Clone(w.Seen.TheyKnow), key)
	w.Seen.TheyKnow = w.Seen.TheyKnow[max(0, len(w.Seen.TheyKnow)-few):]
	return true
}

// Lasts returns when the last of the identity provider's certificates ends;
// the zero time where none says so. Before that it signs with one that we know;
// then with another one.
func (s *SAML) Lasts() time.Time {
	_, ends := s.lasting()
	return ends
}

func (s *SAML) lasting() (certificate []byte, ends time.Time) {
	for _, der := range s.Certificates {
		if c, err := x509.ParseCertificate(der); err == nil && c.NotAfter.After(ends) {
			certificate, ends = der, c.NotAfter
		}
	}
	return certificate, ends
}

// Settle takes back what the identity provider does not offer any more.
func (c *Connection) Settle() {
	if _, there := c.SAML.LogoutEndpoint(); !there {
		c.SAML.Logout = false
	}
	if _, err := c.RequestEndpoint(); err != nil {
		c.SAML.RequestBinding = ""
	}
}

func hasCertificate(certificates [][]byte, der []byte) bool {
	return slices.ContainsFunc(certificates, func(c []byte) bool { return bytes.Equal(c, der) })
}

// sameEndpoints reports whether both lists name the same, in whatever order.
func sameEndpoints(a, b []Endpoint) bool {
	within := func(all, some []Endpoint) bool {
		return !slices.ContainsFunc(some, func(e Endpoint) bool { return !slices.Contains(all, e) })
	}
	return within(a, b) && within(b, a)
}

// onHosts reports whether each of these leads to a host of those.
func onHosts(these, those []Endpoint) bool {
	known := map[string]bool{}
	for _, e := range those {
		for _, at := range []string{e.Location, e.Answers} {
			known[hostOf(at)] = true
		}
	}
	for _, e := range these {
		if !known[hostOf(e.Location)] || e.Answers != "" && !known[hostOf(e.Answers)] {
			return false
		}
	}
	return true
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
