package connect_test

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// watchHouse is a house with an active connection whose metadata are read from
// an address, and change.
type watchHouse struct {
	*house
	key string

	mu  sync.Mutex
	doc string
	bad error
}

func watchedHouse(h *house) *watchHouse {
	w := &watchHouse{house: h, doc: metadata(h.T, "", "")}
	h.Fetch = func(context.Context, string) ([]byte, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return []byte(w.doc), w.bad
	}
	c, err := h.CreateConnection(h.Context(), signedIn(&h.owner), h.acme.ID, connect.NewConnection{Metadata: connect.Metadata{Text: metadataAt}})
	must(h.T, "CreateConnection()", err)
	w.key = c.Key
	c.State = sso.ConnectionActive
	h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), c) })
	return w
}

func (w *watchHouse) connection() sso.Connection {
	w.Helper()
	var c sso.Connection
	err := w.DB.Read(w.Context(), func(r *store.Reader) (err error) {
		c, err = r.ConnectionByKey(w.Context(), w.key)
		return err
	})
	must(w.T, "ConnectionByKey()", err)
	return c
}

// look has the connection looked at a day later.
func (w *watchHouse) look() {
	w.Helper()
	w.pass(25 * time.Hour)
	_, err := w.WatchConnections(w.Context())
	must(w.T, "WatchConnections()", err)
}

func (w *watchHouse) watching() connect.Watching {
	w.Helper()
	p, err := w.Authority.Enter(w.Context(), signedIn(&w.owner), "", 1)
	must(w.T, "Enter()", err)
	c, err := w.Configuration(w.Context(), &p, w.key, sso.Live)
	must(w.T, "Configuration()", err)
	return c.Watching
}

func (w *watchHouse) edit() *connect.Edit {
	c := w.connection()
	return &connect.Edit{Who: signedIn(&w.owner), Org: w.acme.ID, Key: w.key, Version: c.Version}
}

// withKey publishes a further key.
func (w *watchHouse) withKey(der []byte) {
	w.Helper()
	first, second := w.keys(der)
	w.doc = strings.Replace(w.doc, first, first+second, 1)
}

// withOtherKey publishes a key in the place of the first.
func (w *watchHouse) withOtherKey(der []byte) {
	w.Helper()
	first, second := w.keys(der)
	w.doc = strings.Replace(w.doc, first, second, 1)
}

// keys returns the first key that is published, and how another one would be.
func (w *watchHouse) keys(der []byte) (first, second string) {
	w.Helper()
	const begin, end = `<md:KeyDescriptor`, `</md:KeyDescriptor>`
	from, to := strings.Index(w.doc, begin), strings.Index(w.doc, end)+len(end)
	if from < 0 || to < from {
		w.Fatalf("no key in %s", w.doc)
	}
	first = w.doc[from:to]
	a, b := strings.Index(first, "X509Certificate>")+len("X509Certificate>"), strings.LastIndex(first, "</ds:X509Certificate")
	return first, first[:a] + base64.StdEncoding.EncodeToString(der) + first[b:]
}

func TestMetadataAreReadAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		before := w.connection()
		w.look()
		if c := w.connection(); c.Version != before.Version {
			t.Errorf("version %d after nothing has changed, want %d", c.Version, before.Version)
		}

		second := certificate(h.T)
		w.withKey(second)
		w.look()
		if c := w.connection(); len(c.SAML.Certificates) != 2 || c.State != sso.ConnectionActive {
			t.Fatalf("a key was added: %d certificates, %s", len(c.SAML.Certificates), c.State)
		}
		if x := w.watching(); x.Digest != "" || x.ReadAt.IsZero() {
			t.Errorf("%+v, want nothing to wait", x)
		}

		gained := w.doc
		w.doc = metadata(h.T, "", "")
		w.withOtherKey(second)
		w.look()
		x := w.watching()
		if c := w.connection(); len(c.SAML.Certificates) != 2 || len(x.Removed) != 1 || x.Digest == "" {
			t.Fatalf("a key was taken away: %d certificates, %+v, want both and the removal held", len(c.SAML.Certificates), x)
		}
		if got := strings.Join(h.audit(h.acme.ID), " "); !strings.Contains(got, "connection.key_added connection.change_held") {
			t.Errorf("the audit list says %q", got)
		}
		h.proves(&h.owner)
		must(t, "Approve()", w.Approve(t.Context(), w.edit(), x.Digest))
		if c := w.connection(); len(c.SAML.Certificates) != 1 || connect.Fingerprint(c.SAML.Certificates[0]) != connect.Fingerprint(second) {
			t.Errorf("approved: %d certificates", len(c.SAML.Certificates))
		}
		refused(t, "Refuse() of what was approved", w.Refuse(t.Context(), w.edit(), x.Digest), "watch_decided")

		w.doc = gained
		w.look() // the key comes back, which somebody has agreed to lose
		if c := w.connection(); len(c.SAML.Certificates) != 1 {
			t.Errorf("a key came back by itself")
		}
		must(t, "Refuse()", w.Refuse(t.Context(), w.edit(), w.watching().Digest))
		w.look()
		if x := w.watching(); x.Digest != "" {
			t.Errorf("%+v, want what was refused not be asked again", x)
		}
	})
}

func TestMetadataOfSomebodyElseAreHeld(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		before := w.connection()
		w.doc = strings.ReplaceAll(w.doc, before.SAML.IdPEntityID, "https://evil.example/idp")
		w.withKey(certificate(h.T))
		w.look()
		c := w.connection()
		if c.SAML.IdPEntityID != before.SAML.IdPEntityID || len(c.SAML.Certificates) != 1 {
			t.Fatalf("another identity provider was taken over: %s, %d certificates", c.SAML.IdPEntityID, len(c.SAML.Certificates))
		}
		x := w.watching()
		if !x.Change.EntityID || len(x.Added) != 1 {
			t.Fatalf("%+v, want the entity ID and a key to wait", x)
		}
		token, _ := h.link(&h.acme, sso.SetupSSO)
		byLink := w.edit()
		byLink.Who = holding(token)
		refused(t, "Approve() by a setup link", w.Approve(t.Context(), byLink, x.Digest), "setup_link_scope")
		refused(t, "Refuse() by a setup link", w.Refuse(t.Context(), byLink, x.Digest), "setup_link_scope")
		foreign := w.edit()
		foreign.Who, foreign.Org = signedIn(&h.other), h.rival.ID
		refused(t, "Approve() by another organization", w.Approve(t.Context(), foreign, x.Digest), "page_not_found")
		must(t, "Refuse()", w.Refuse(t.Context(), w.edit(), x.Digest))
		if c := w.connection(); c.SAML.IdPEntityID != before.SAML.IdPEntityID {
			t.Errorf("refused, and it is %s", c.SAML.IdPEntityID)
		}
	})
}

func TestAnAddressThatIsGoneChangesNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		w.look()
		before := w.connection()
		for name, bad := range map[string]func(){
			"unreachable":        func() { w.bad = &fault.Error{Kind: fault.Unavailable, Code: "fetch_failed"} },
			"a page":             func() { w.bad, w.doc = nil, "<!doctype html><title>gone</title>" },
			"our own metadata":   func() { w.doc = "" },
			"not good any more":  func() { w.doc = metadata(h.T, " entityID=", ` validUntil="2001-01-01T00:00:00Z" entityID=`) },
			"metadata of nobody": func() { w.doc = metadata(h.T, "IDPSSODescriptor", "AttributeAuthorityDescriptor") },
		} {
			bad()
			w.look()
			if c := w.connection(); c.Version != before.Version {
				t.Errorf("%s: version %d, want %d", name, c.Version, before.Version)
			}
			if x := w.watching(); x.Failing.IsZero() || x.Failure == "" {
				t.Errorf("%s: %+v, want it to be failing", name, x)
			}
		}
		if n := w.mails("connection_unreachable"); n != 1 {
			t.Errorf("%d mails, want 1 after days", n)
		}
	})
}

// mails counts those of a kind that wait.
func (w *watchHouse) mails(kind string) int {
	w.Helper()
	n := 0
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		page, err := r.Messages(w.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		for i := range page {
			if page[i].Kind == kind {
				n++
			}
		}
		return err
	})
	must(w.T, "Messages()", err)
	return n
}

func TestTheEndOfACertificateIsSaidOnceEach(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		operators := h.addOrg(sso.OperatorsKey)
		h.add(&operators, "oscar", sso.RoleOwner)
		w := watchedHouse(h)
		c := w.connection()
		ends := c.SAML.Lasts()
		h.at.Store(ends.Add(-70 * 24 * time.Hour).UnixMicro())
		for h.now().Before(ends.Add(3 * 24 * time.Hour)) {
			w.look()
		}
		if to, there := w.mails("certificate_ends"), w.mails("certificate_ends_there"); to != len(sso.ExpiryDays()) || there != to {
			t.Errorf("%d mails to owners and %d to operators, want %d each", to, there, len(sso.ExpiryDays()))
		}
	})
}

func TestTwoDecideOnAChangeAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		w.look()
		w.withOtherKey(certificate(h.T))
		w.look()
		h.proves(&h.owner)
		e, digest := w.edit(), w.watching().Digest
		errs := make([]error, 6)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				own := *e
				if i%2 == 0 {
					errs[i] = w.Approve(t.Context(), &own, digest)
				} else {
					errs[i] = w.Refuse(t.Context(), &own, digest)
				}
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			f, is := errors.AsType[*fault.Error](err)
			switch {
			case err == nil:
				won++
			case !is || !slices.Contains([]string{"watch_decided", "connection_changed"}, f.Code):
				t.Errorf("%v, want watch_decided or connection_changed", err)
			}
		}
		if won != 1 {
			t.Errorf("%d have decided, want 1", won)
		}
	})
}

func TestTwoNodesLookAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		w.look()
		w.withKey(certificate(h.T))
		w.pass(25 * time.Hour)
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = w.WatchConnections(t.Context()) })
		}
		all.Wait()
		must(t, "WatchConnections()", errors.Join(errs...))
		n := 0
		for _, action := range h.audit(h.acme.ID) {
			if action == "connection.key_added" {
				n++
			}
		}
		if n != 1 || len(w.connection().SAML.Certificates) != 2 {
			t.Errorf("the key was added %d times", n)
		}
	})
}

func TestOwnersAreToldOfOurNextKeyOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.Pace = federation.DefaultPace()
		w := watchedHouse(h)
		key := func(state store.KeyState) {
			k, err := federation.NewSigningKey(h.Sealer, state, h.now())
			must(t, "NewSigningKey()", err)
			h.write(func(tx *store.Writer) error { return tx.InsertSigningKey(h.Context(), k) })
		}
		key(store.KeyCurrent)
		key(store.KeyNext)
		w.look()
		if n := w.mails("key_changes"); n != 0 {
			t.Errorf("%d mails about a key that this identity provider need not know", n)
		}
		c := w.connection()
		c.SAML.SignRequests = sso.SignAlways
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), c) })
		w.look()
		w.look()
		if n := w.mails("key_changes"); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		p, err := w.Authority.Enter(w.Context(), signedIn(&w.owner), "", 1)
		must(t, "Enter()", err)
		shown, err := w.Configuration(w.Context(), &p, w.key, sso.Live)
		must(t, "Configuration()", err)
		if len(shown.Changes) != 1 || shown.Changes[0].Read || !shown.Changes[0].At.After(h.now()) {
			t.Errorf("%+v, want the change be shown, of which nobody has read", shown.Changes)
		}
	})
}

// What customers publish is looked at by nobody's request: what one look panics with
// is a failure of the job, and ends neither it nor the program.
func TestALookThatPanicsEndsNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := watchedHouse(h)
		panics := func(what string, do func(context.Context) (int64, error)) {
			t.Helper()
			_, err := do(t.Context())
			if _, panicked := errors.AsType[*fault.PanicError](err); !panicked {
				t.Errorf("%s: %v, want what it has panicked with", what, err)
			}
		}
		h.claim(&h.owner, acmeDomain)
		h.pass(25 * time.Hour)
		fetch := h.Fetch
		h.Fetch = func(context.Context, string) ([]byte, error) { panic("metadata that nobody thought of") }
		h.DNS = func(context.Context, dnsproof.Question) dnsproof.Answer { panic("a record that nobody thought of") }
		panics("of metadata", h.WatchConnections)
		panics("of a domain", h.CheckDomains)
		h.Fetch, h.DNS = fetch, h.dns.look
		w.look()
		h.run(time.Hour, time.Hour)
	})
}
