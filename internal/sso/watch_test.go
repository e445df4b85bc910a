package sso_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// watchedAt is where the connection of these tests is published.
const watchedAt = "https://idp.example/metadata"

var keyA, keyB, keyC = []byte("a"), []byte("b"), []byte("c")

func publishedAs(change func(p *sso.Published)) *sso.Published {
	p := &sso.Published{
		EntityID: "https://idp.example/", Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/sso"}},
		LogoutTo: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/slo"}}, Certificates: [][]byte{keyA},
	}
	if change != nil {
		change(p)
	}
	return p
}

// watchedOne returns a connection that goes by what is published, and its watch.
func watchedOne(now time.Time, certificates ...[]byte) (sso.Connection, sso.Watch) {
	p := publishedAs(nil)
	c := sso.Connection{State: sso.ConnectionActive, SAML: sso.SAML{IdPEntityID: p.EntityID, Endpoints: p.Endpoints, LogoutTo: p.LogoutTo, Certificates: certificates, MetadataURL: watchedAt}}
	var w sso.Watch
	w.Begin(watchedAt, certificates, now)
	return c, w
}

func TestWhatIsPublished(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		change func(p *sso.Published)
		keys   [][]byte
		held   bool
	}{
		"the same":                           {nil, [][]byte{keyA}, false},
		"the same in another order":          {func(p *sso.Published) { p.Endpoints = append(p.Endpoints, p.Endpoints[0]) }, [][]byte{keyA}, false},
		"a key more":                         {func(p *sso.Published) { p.Certificates = [][]byte{keyB, keyA} }, [][]byte{keyA, keyB}, false},
		"another key in its place":           {func(p *sso.Published) { p.Certificates = [][]byte{keyB} }, [][]byte{keyA, keyB}, true},
		"another entity ID":                  {func(p *sso.Published) { p.EntityID = "https://idp.example" }, [][]byte{keyA}, true},
		"another entity ID with its own key": {func(p *sso.Published) { p.EntityID, p.Certificates = "https://evil.example/", [][]byte{keyA, keyB} }, [][]byte{keyA}, true},
		"another host with its own key": {func(p *sso.Published) {
			p.Endpoints, p.Certificates = []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://evil.example/sso"}}, [][]byte{keyA, keyB}
		}, [][]byte{keyA}, true},
		"another path": {func(p *sso.Published) {
			p.Endpoints = []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/new"}}
		}, [][]byte{keyA}, true},
		"another host for logout": {func(p *sso.Published) {
			p.LogoutTo = []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://evil.example/"}}
		}, [][]byte{keyA}, true},
		"no logout any more":          {func(p *sso.Published) { p.LogoutTo = nil }, [][]byte{keyA}, true},
		"more keys than we look for":  {func(p *sso.Published) { p.Certificates = [][]byte{keyA, keyB, keyC, []byte("d")} }, [][]byte{keyA}, true},
		"it wants requests be signed": {func(p *sso.Published) { p.WantsSigned = true }, [][]byte{keyA}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := watchedOne(now, keyA)
			before := c
			p := publishedAs(tc.change)
			learned := w.Learn(&c, p, 3, now)
			if !equalKeys(c.SAML.Certificates, tc.keys) || learned.Held != tc.held || w.Seen.HeldAt.IsZero() == tc.held {
				t.Errorf("it goes by keys %q and holds %t (%v), want %q and %t", c.SAML.Certificates, learned.Held, w.Seen.HeldAt, tc.keys, tc.held)
			}
			if c.SAML.IdPEntityID != before.SAML.IdPEntityID || !slices.Equal(c.SAML.Endpoints, before.SAML.Endpoints) || !slices.Equal(c.SAML.LogoutTo, before.SAML.LogoutTo) {
				t.Errorf("names or addresses were taken over unasked: %+v", c.SAML)
			}
			if again := w.Learn(&c, p, 3, now.Add(time.Hour)); again.Held || len(again.Added) > 0 {
				t.Errorf("read a second time: %+v, want nothing new", again)
			}
		})
	}
}

func equalKeys(a, b [][]byte) bool {
	return slices.EqualFunc(a, b, bytes.Equal)
}

func TestDecidingOnAChange(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	p := publishedAs(func(p *sso.Published) { p.Certificates, p.EntityID = [][]byte{keyB}, "https://new.example/" })

	c, w := watchedOne(now, keyA)
	c.SAML.Certificates = append(c.SAML.Certificates, keyC) // by hand
	w.Learn(&c, p, 8, now)
	if err := w.Approve(&c, "something else"); !fault.Is(err, "watch_decided") {
		t.Fatalf("approving another change: %v, want watch_decided", err)
	}
	if err := w.Approve(&c, p.Digest()); err != nil {
		t.Fatal(err)
	}
	if !equalKeys(c.SAML.Certificates, [][]byte{keyB, keyC}) || c.SAML.IdPEntityID != "https://new.example/" {
		t.Errorf("approved: %+v, want the published keys and what was added by hand", c.SAML)
	}
	if err := w.Refuse(p.Digest()); !fault.Is(err, "watch_decided") {
		t.Errorf("refusing what was approved: %v, want watch_decided", err)
	}
	if learned := w.Learn(&c, p, 8, now); learned.Held {
		t.Error("what was approved is held once more")
	}

	c, w = watchedOne(now, keyA)
	w.Learn(&c, p, 8, now)
	if err := w.Refuse(p.Digest()); err != nil {
		t.Fatal(err)
	}
	if learned := w.Learn(&c, p, 8, now); learned.Held || !equalKeys(c.SAML.Certificates, [][]byte{keyA}) {
		t.Errorf("what was refused: %+v, keys %q", learned, c.SAML.Certificates)
	}
	p.EntityID = "https://third.example/"
	if learned := w.Learn(&c, p, 8, now); !learned.Held {
		t.Error("another change than the refused one is not held")
	}
	if w.Learn(&c, publishedAs(nil), 8, now); !w.Seen.HeldAt.IsZero() {
		t.Error("a change that was taken back is still held")
	}
}

func TestAKeyThatWasRemovedByHandStaysAway(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	c, w := watchedOne(now, keyA, keyB)
	c.SAML.Certificates = [][]byte{keyA}
	p := publishedAs(func(p *sso.Published) { p.Certificates = [][]byte{keyA, keyB} })
	if learned := w.Learn(&c, p, 8, now); len(learned.Added) > 0 || !learned.Held {
		t.Errorf("%+v, want the key be held", learned)
	}
}

func TestWhoIsToldOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	c, w := watchedOne(now, keyA)
	before := c
	f := &fault.Error{Code: "fetch_failed", Got: "idp.example"}
	var told []int
	for hour := range 24 * 7 {
		if w.Fail(&c, f, now.Add(time.Duration(hour)*time.Hour)) {
			told = append(told, hour)
		}
	}
	if !slices.Equal(told, []int{72}) {
		t.Errorf("told after %v hours, want once, after 72", told)
	}
	if !w.Seen.Failing.Equal(now) || w.Seen.Failure != "fetch_failed" || !equalKeys(c.SAML.Certificates, before.SAML.Certificates) {
		t.Errorf("%+v, want it failing since %v and nothing changed", w.Seen, now)
	}
	w.Learn(&c, publishedAs(nil), 8, now)
	if !w.Seen.Failing.IsZero() || !w.Seen.ToldAt.IsZero() {
		t.Errorf("%+v, want it not failing any more", w.Seen)
	}
}
