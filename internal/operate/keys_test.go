package operate_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// encrypting adds a connection for which it is encrypted, beside the key that
// signs requests.
func (h *house) encrypting() sso.Connection {
	h.Helper()
	acme := h.alice.Org
	c := sso.Connection{
		ID: sso.NewConnectionID(h.now), Org: acme.ID, Key: "acme-idp", Name: "IdP", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: h.now, UpdatedAt: h.now,
		SAML: sso.SAML{Encryption: sso.EncryptionAccepted, SignRequests: sso.SignAlways},
	}
	signing, err := federation.NewSigningKey(h.Sealer, store.KeyCurrent, h.now)
	if err != nil {
		h.Fatal(err)
	}
	opening, err := federation.NewDecryptionKey(h.Sealer, store.KeyCurrent, h.now)
	if err != nil {
		h.Fatal(err)
	}
	opening.Connection = c.ID
	err = h.DB.Write(h.Context(), func(tx *store.Writer) error {
		org := tx.Org(acme.ID)
		return errors.Join(org.SaveConnection(h.Context(), c), org.InsertDecryptionKey(h.Context(), opening), tx.InsertSigningKey(h.Context(), signing))
	})
	if err != nil {
		h.Fatal(err)
	}
	c.Version = 1
	return c
}

// states returns how the rings stand, such as "current" and "current, next".
func (h *house) states() []string {
	h.Helper()
	keys, err := h.Keys(h.Context(), &h.operator)
	if err != nil {
		h.Fatal(err)
	}
	var all []string
	for i := range keys.Rings {
		var states []string
		for _, k := range keys.Rings[i].Keys {
			states = append(states, string(k.State))
		}
		slices.Sort(states)
		all = append(all, strings.Join(states, ", "))
	}
	return all
}

func (h *house) roll(passed time.Duration, want ...string) {
	h.Helper()
	h.now = h.now.Add(passed)
	for range 3 {
		if _, err := h.RollKeys(h.Context()); err != nil {
			h.Fatal(err)
		}
	}
	if got := h.states(); !slices.Equal(got, want) {
		h.Errorf("%v later the rings are %q, want %q", passed, got, want)
	}
}

const day = 24 * time.Hour

func TestKeysFollowOneAnother(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.encrypting()
		p := h.Pace
		both := func(s string) []string { return []string{s, s} }
		h.roll(0, both("current")...)
		h.roll(p.Life-p.Notice-day, both("current")...)
		h.roll(day, both("current, next")...)
		keys, err := h.Keys(h.Context(), &h.support)
		if err != nil || len(keys.Unaware) != 1 || keys.Unaware[0].ID != c.ID {
			h.Errorf("%+v, %v, want the connection be named whose identity provider has not read of it", keys.Unaware, err)
		}
		err = h.DB.Write(h.Context(), func(tx *store.Writer) error { return tx.Org(c.Org).NoteFetch(h.Context(), c.ID, "ADFS", h.now) })
		if err != nil {
			h.Fatal(err)
		}
		if keys, err = h.Keys(h.Context(), &h.support); err != nil || len(keys.Unaware) != 0 {
			h.Errorf("%+v, %v, want nobody be named", keys.Unaware, err)
		}
		h.roll(p.Notice-day, both("current, next")...)
		h.roll(day, both("current, retired")...)
		h.roll(p.Overlap-day, both("current, retired")...)
		h.roll(day, both("current")...)
	})
}

// A retired key stays as long as an identity provider encrypts for it, and nothing
// takes its place by itself; an operator sees whose it is, and may delete it.
func TestAKeyThatIsStillUsedIsNotDeleted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.encrypting()
		p := h.Pace
		h.now = h.now.Add(p.Life)
		h.roll(0, "current, next", "current, next")
		h.roll(p.Notice, "current, retired", "current, retired")
		old := func() (ring operate.KeyRing) {
			h.Helper()
			ring, err := h.RingOf(h.Context(), &h.support, c.Key)
			if err != nil {
				h.Fatal(err)
			}
			return ring
		}
		if ring := old(); !ring.ClingsAt.IsZero() || !ring.Needed {
			h.Errorf("before it was used, %s keeps the key, and it may be needed: %t", ring.ClingsAt, ring.Needed)
		}
		h.now = h.now.Add(p.Overlap - day)
		used := h.now
		h.write(func(tx *store.Writer) error {
			return tx.Org(c.Org).NoteDecryptionKeyUse(h.Context(), federation.In(old().Keys, store.KeyRetired).ID, used)
		})
		h.roll(day, "current", "current, retired") // twin: the key that signs
		if ring := old(); !ring.ClingsAt.Equal(used) || ring.Next != federation.ForgetOld || !ring.Due.Equal(used.Add(store.KeyInUse)) {
			h.Errorf("it is kept because of %s, until %s: %s", ring.ClingsAt, ring.Due, ring.Next)
		}
		h.roll(store.KeyInUse-day-time.Second, "current", "current, retired")
		h.roll(time.Second, "current", "current")

		// Whoever knows better deletes it.
		h.now = h.now.Add(p.Life)
		h.roll(0, "current, next", "current, next")
		if old().Needed {
			h.Error("where no key is retired, one is needed")
		}
		h.roll(p.Notice, "current, retired", "current, retired")
		h.write(func(tx *store.Writer) error {
			return tx.Org(c.Org).NoteDecryptionKeyUse(h.Context(), federation.In(old().Keys, store.KeyRetired).ID, h.now)
		})
		h.returns(&h.operator)
		for _, agreed := range []string{"", "another"} {
			if err := h.TurnKeys(h.Context(), &h.operator, c.Key, federation.ForgetOld, agreed); !fault.Is(err, "key_in_use") {
				h.Errorf("an operator who has agreed to lose %q: %v, want key_in_use", agreed, err)
			}
		}
		if err := h.TurnKeys(h.Context(), &h.operator, c.Key, federation.ForgetOld, federation.In(old().Keys, store.KeyRetired).ID); err != nil {
			h.Errorf("an operator deletes it: %v", err)
		}
		h.roll(0, "current, retired", "current")
	})
}

// Among many connections that need not know of a key, those that do are found;
// and nobody is named who has read of it, whatever other keys have come since.
func TestWhoHasToBeToldOfAKeyIsFoundAmongMany(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		knows := h.encrypting()
		add := func(key string, s sso.SAML) sso.Connection {
			h.Helper()
			c := sso.Connection{ID: sso.NewConnectionID(h.now), Org: knows.Org, Key: key, Name: key, Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: h.now, UpdatedAt: h.now, SAML: s}
			if err := h.DB.Write(h.Context(), func(tx *store.Writer) error { return tx.Org(c.Org).SaveConnection(h.Context(), c) }); err != nil {
				h.Fatal(err)
			}
			return c
		}
		read := func(c sso.Connection) {
			h.Helper()
			if err := h.DB.Write(h.Context(), func(tx *store.Writer) error { return tx.Org(c.Org).NoteFetch(h.Context(), c.ID, "ADFS", h.now) }); err != nil {
				h.Fatal(err)
			}
		}
		for i := range 60 {
			add("plain-"+strconv.Itoa(i), sso.SAML{})
		}
		unaware := add("signs", sso.SAML{SignRequests: sso.SignAlways})
		read(unaware)
		h.now = h.now.Add(time.Hour)
		if err := h.TurnKeys(h.Context(), &h.operator, "", federation.MakeNext); err != nil {
			h.Fatal(err)
		}
		h.now = h.now.Add(time.Hour)
		read(knows)
		aware := add("read", sso.SAML{SignRequests: sso.SignAlways})
		read(aware)
		h.now = h.now.Add(time.Hour)
		if err := h.TurnKeys(h.Context(), &h.operator, knows.Key, federation.MakeNext); err != nil {
			h.Fatal(err)
		}
		keys, err := h.Keys(h.Context(), &h.operator)
		if err != nil {
			h.Fatal(err)
		}
		var named []string
		for _, c := range keys.Unaware {
			named = append(named, c.Key)
		}
		slices.Sort(named)
		if want := []string{knows.Key, unaware.Key}; !slices.Equal(named, want) || keys.More {
			h.Errorf("named are %q, want %q", named, want)
		}
	})
}

func TestKeysThatAreHeldStay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.encrypting()
		for _, ring := range []string{"", c.Key} {
			if err := h.HoldKeys(h.Context(), &h.support, ring); !fault.Is(err, "operator_role") {
				h.Errorf("HoldKeys() by a support agent = %v, want operator_role", err)
			}
			if err := h.HoldKeys(h.Context(), &h.operator, ring); err != nil {
				h.Fatal(err)
			}
		}
		h.roll(10*h.Pace.Life, "current", "current")
		h.returns(&h.operator)
		if err := h.ReleaseKeys(h.Context(), &h.operator, c.Key); err != nil {
			h.Fatal(err)
		}
		h.roll(0, "current", "current, next")
		if err := h.TurnKeys(h.Context(), &h.operator, "", federation.MakeNext); err != nil {
			h.Fatalf("what is held is not turned by hand: %v", err)
		}
		if err := h.HoldKeys(h.Context(), &h.operator, "nobody"); !fault.Is(err, "connection_unknown") {
			h.Errorf("HoldKeys() of nobody = %v, want connection_unknown", err)
		}
	})
}

func TestKeysAreTurnedByHand(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.encrypting()
		turn := func(turn federation.Turn) error { return h.TurnKeys(h.Context(), &h.operator, "", turn) }
		if err := turn(federation.PromoteNext); !fault.Is(err, "key_turn") {
			h.Errorf("a step out of its order: %v, want key_turn", err)
		}
		if err := h.TurnKeys(h.Context(), &h.support, "", federation.MakeNext); !fault.Is(err, "operator_role") {
			h.Errorf("TurnKeys() by a support agent = %v, want operator_role", err)
		}
		for _, step := range []federation.Turn{federation.MakeNext, federation.PromoteNext, federation.ForgetOld} {
			if step == federation.ForgetOld {
				h.now = h.now.Add(time.Hour) // nothing that it has signed is on its way any more
			}
			if err := turn(step); err != nil {
				h.Fatalf("%s: %v", step, err)
			}
		}
		if got := h.states(); got[0] != "current" {
			h.Errorf("the ring is %q", got[0])
		}
	})
}

// Nodes that do it at the same time, and an operator with them, take each step
// once.
func TestNodesRollKeysOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.encrypting()
		h.now = h.now.Add(h.Pace.Life)
		h.returns(&h.operator)
		var all sync.WaitGroup
		errs := make([]error, 5)
		for i := range errs {
			all.Go(func() {
				if _, errs[i] = h.RollKeys(h.Context()); i == 0 {
					if err := h.TurnKeys(h.Context(), &h.operator, "", federation.MakeNext); err != nil && !fault.Is(err, "key_turn") {
						errs[i] = err
					}
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			h.Fatal(err)
		}
		if got := h.states(); !slices.Equal(got, []string{"current, next", "current, next"}) {
			h.Errorf("the rings are %q, want one next key each", got)
		}
	})
}

func TestAPaceAtWhichKeysOvertakeEachOther(t *testing.T) {
	t.Parallel()
	if err := federation.DefaultPace().Check(); err != nil {
		t.Error(err)
	}
	for _, p := range []federation.Pace{{}, {Life: 60 * day, Notice: 30 * day, Overlap: 30 * day}, {Life: day, Notice: time.Minute, Overlap: time.Hour}} {
		if p.Check() == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}
