package operate

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many rings of keys one batch looks at, how many are shown, and among how
// many connections those are looked for that have to be told.
const (
	ringBatch  = 16
	maxRings   = 200
	maxUnaware = 50
	maxUnread  = 2000
)

// KeyRing is the keys of one purpose, as operators see them.
type KeyRing struct {
	Connection *sso.Connection // for which it is encrypted; nil: they sign requests
	Org        sso.Organization
	Keys       []federation.Key
	Next       federation.Turn // the step that comes next; "": none
	Due        time.Time       // when
	Held       *store.KeyHold  // nil: nobody holds it
	// ClingsAt is when the identity provider has encrypted for the retired key last,
	// which is kept by that; zero: nothing keeps it.
	ClingsAt time.Time
	// Needed says that the next step, taken now, deletes a retired key that may be
	// needed still.
	Needed bool
}

// ID names the ring: the key of its connection, or "".
func (r *KeyRing) ID() string {
	if r.Connection == nil {
		return ""
	}
	return r.Connection.Key
}

// Since returns since when the current key is that; the zero time where there is
// none.
func (r *KeyRing) Since() time.Time {
	if k := federation.In(r.Keys, store.KeyCurrent); k != nil {
		return k.Since
	}
	return time.Time{}
}

// Retired returns the ID of the key that was the current one before, or "".
func (r *KeyRing) Retired() string {
	if k := federation.In(r.Keys, store.KeyRetired); k != nil {
		return k.ID
	}
	return ""
}

// Keys is how it stands with our keys.
type Keys struct {
	Rings []KeyRing // the one that signs requests is the first
	// Unaware are connections whose identity provider checks our signatures, or
	// encrypts for us, and has not read our metadata since the next key was
	// published: their administrators have to bring it there.
	Unaware []sso.Connection
	More    bool // there may be more of them
}

// Keys returns how it stands with our keys.
func (s *Service) Keys(ctx context.Context, by *sso.By) (Keys, error) {
	if err := mayHelp(by); err != nil {
		return Keys{}, err
	}
	var out Keys
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		out = Keys{}
		all, err := r.Encrypting(ctx, "", maxRings)
		if err != nil {
			return err
		}
		of := []*sso.Connection{nil}
		for i := range all {
			of = append(of, &all[i])
		}
		if out.Rings, err = s.rings(ctx, r, of...); err != nil {
			return err
		}
		return s.unaware(ctx, r, &out)
	})
	return out, err
}

// unaware fills in who has not read of a next key.
func (s *Service) unaware(ctx context.Context, r *store.Reader, out *Keys) error {
	next := map[sso.ConnectionID]time.Time{} // since when it is published, "" for the one that signs
	latest := time.Time{}
	for i := range out.Rings {
		k := federation.In(out.Rings[i].Keys, store.KeyNext)
		if k == nil {
			continue
		}
		id := sso.ConnectionID("")
		if c := out.Rings[i].Connection; c != nil {
			id = c.ID
		}
		next[id] = k.Since
		if k.Since.After(latest) {
			latest = k.Since
		}
	}
	if len(next) == 0 {
		return nil
	}
	all, err := r.NotReading(ctx, latest, maxUnread)
	if err != nil {
		return err
	}
	out.More = len(all) == maxUnread
	for i := range all {
		u := &all[i]
		signs, opens := u.Connection.SignsRequests() && u.FetchedAt.Before(next[""]), u.FetchedAt.Before(next[u.Connection.ID])
		switch {
		case !signs && !opens:
		case len(out.Unaware) == maxUnaware:
			out.More = true
			return nil
		default:
			out.Unaware = append(out.Unaware, u.Connection)
		}
	}
	return nil
}

// rings reads the rings of connections, and where one is nil that of the keys
// which sign requests, by a few statements however many there are.
func (s *Service) rings(ctx context.Context, r *store.Reader, of ...*sso.Connection) ([]KeyRing, error) {
	var ids []sso.ConnectionID
	var owners []sso.OrgID
	for _, c := range of {
		if c == nil {
			ids = append(ids, "")
			continue
		}
		ids, owners = append(ids, c.ID), append(owners, c.Org)
	}
	stored, err := r.KeyRings(ctx, ids)
	if err != nil {
		return nil, err
	}
	orgs, err := r.OrganizationsByID(ctx, owners)
	if err != nil {
		return nil, err
	}
	var all []KeyRing
	for i, c := range of {
		ring := KeyRing{Connection: c, Keys: federation.KeysOf(stored[ids[i]].Keys), Held: stored[ids[i]].Held}
		if c == nil {
			ring.Keys, err = federation.Ring{}.Keys(ctx, r)
		} else if at := slices.IndexFunc(orgs, func(o sso.Organization) bool { return o.ID == c.Org }); at >= 0 {
			ring.Org = orgs[at]
		}
		ring.Next, ring.Due = s.Pace.Next(ring.Keys)
		ring.Needed = federation.Ring{Connection: c}.Spare(ring.Keys, ring.Next, s.Now()) != nil
		if old := federation.In(ring.Keys, store.KeyRetired); old != nil && old.Used(s.Now()) {
			ring.ClingsAt = old.UsedAt
		}
		all = append(all, ring)
	}
	return all, err
}

// RingOf returns the ring with this name, as it is now.
func (s *Service) RingOf(ctx context.Context, by *sso.By, id string) (KeyRing, error) {
	if err := mayHelp(by); err != nil {
		return KeyRing{}, err
	}
	var out KeyRing
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		c, err := ringConnection(ctx, r, id)
		if err != nil {
			return err
		}
		rings, err := s.rings(ctx, r, c)
		if err == nil {
			out = rings[0]
		}
		return err
	})
	return out, err
}

// ringConnection returns the connection of a ring; nil for the keys that sign
// requests.
func ringConnection(ctx context.Context, r *store.Reader, id string) (*sso.Connection, error) {
	if id == "" {
		return nil, nil
	}
	c, err := r.ConnectionByKey(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "the key of a connection", Got: id, Fix: fault.OperatorSide}
	}
	return &c, err
}

// TurnKeys takes the step that comes next with a ring, before its time. A step
// that somebody else has taken meanwhile is refused, and so is one that deletes a
// retired key which may be needed still, but for those that somebody has agreed to
// lose, by their IDs.
func (s *Service) TurnKeys(ctx context.Context, by *sso.By, id string, turn federation.Turn, agreed ...string) error {
	if err := mayChange(by); err != nil {
		return err
	}
	made, err := s.makeKey(ctx, id, turn)
	if err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		c, err := ringConnection(ctx, tx.Reader, id)
		if err != nil {
			return err
		}
		ring := federation.Ring{Connection: c}
		keys, err := ring.Keys(ctx, tx.Reader)
		if err != nil {
			return err
		}
		if next, _ := s.Pace.Next(keys); next != turn {
			return &fault.Error{Kind: fault.Conflict, Code: "key_turn", Want: string(next), Got: string(turn), Fix: fault.OperatorSide}
		}
		if err := ring.Spare(keys, turn, s.Now(), agreed...); err != nil {
			return err
		}
		event := by.Event(s.Now(), "", "", nil)
		event.Org = "" // it is the ring's
		return ring.Turn(ctx, tx, keys, turn, made, event)
	})
}

// makeKey makes a key where a step needs one, outside any transaction.
func (s *Service) makeKey(ctx context.Context, id string, turn federation.Turn) (federation.Fresh, error) {
	if turn != federation.MakeNext {
		return federation.Fresh{}, nil
	}
	var c *sso.Connection
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		c, err = ringConnection(ctx, r, id)
		return err
	})
	if err != nil {
		return federation.Fresh{}, err
	}
	return federation.Ring{Connection: c}.Make(s.Sealer, s.Now())
}

// HoldKeys leaves the keys of a ring as they are until they are released.
func (s *Service) HoldKeys(ctx context.Context, by *sso.By, id string) error {
	return s.hold(ctx, by, id, keyHeld, func(tx *store.Writer, ring sso.ConnectionID) error {
		return tx.HoldKeys(ctx, ring, store.KeyHold{By: by.User.ID, At: s.Now()})
	})
}

// ReleaseKeys lets the keys of a ring follow one another again.
func (s *Service) ReleaseKeys(ctx context.Context, by *sso.By, id string) error {
	return s.hold(ctx, by, id, "key.released", func(tx *store.Writer, ring sso.ConnectionID) error {
		return tx.ReleaseKeys(ctx, ring)
	})
}

const keyHeld = "key.held"

func (s *Service) hold(ctx context.Context, by *sso.By, id, action string, do func(tx *store.Writer, ring sso.ConnectionID) error) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		c, err := ringConnection(ctx, tx.Reader, id)
		if err != nil {
			return err
		}
		ring, org := sso.ConnectionID(""), sso.OrgID("")
		if c != nil {
			ring, org = c.ID, c.Org
		}
		if err := do(tx, ring); err != nil {
			return err
		}
		held := strconv.FormatBool(action == keyHeld)
		before := strconv.FormatBool(action != keyHeld)
		return record(ctx, tx, by, s.Now(), org, action, string(ring), nil, sso.Change{Field: "held", From: before, To: held})
	})
}

// RollKeys takes the steps with our keys whose time has come, and returns how
// many. Nodes that do so at the same time take each once.
func (s *Service) RollKeys(ctx context.Context) (int64, error) {
	var due []*sso.Connection
	now := s.Now()
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		due = []*sso.Connection{nil}
		rings, err := r.RingsDue(ctx, s.Pace.Before(now), ringBatch)
		for i := range rings {
			due = append(due, &rings[i])
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, c := range due {
		did, err := s.roll(ctx, c, now)
		if err != nil {
			return n, err
		}
		n += did
	}
	return n, nil
}

// roll takes the step that is due with one ring, and returns 1 if it did.
func (s *Service) roll(ctx context.Context, c *sso.Connection, now time.Time) (int64, error) {
	ring := federation.Ring{Connection: c}
	turn, err := s.due(ctx, ring, now)
	if err != nil || turn == "" {
		return 0, err
	}
	var made federation.Fresh
	if turn == federation.MakeNext {
		if made, err = ring.Make(s.Sealer, now); err != nil {
			return 0, err
		}
	}
	did := int64(0)
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		did = 0
		again := ring
		if c != nil {
			fresh, err := tx.Org(c.Org).Connection(ctx, c.ID)
			if errors.Is(err, store.ErrNotFound) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			again.Connection = &fresh
		}
		step, keys, err := s.step(ctx, tx.Reader, again, now)
		if err != nil || step != turn {
			return err // another node was quicker, or somebody holds it
		}
		did = 1
		return again.Turn(ctx, tx, keys, turn, made, sso.Event{At: now, Actor: sso.RolloverActor})
	})
	return did, err
}

func (s *Service) due(ctx context.Context, ring federation.Ring, now time.Time) (turn federation.Turn, err error) {
	err = s.DB.Read(ctx, func(r *store.Reader) (err error) {
		turn, _, err = s.step(ctx, r, ring, now)
		return err
	})
	return turn, err
}

// step returns what is due with a ring; "": nothing, or somebody holds it.
func (s *Service) step(ctx context.Context, r *store.Reader, ring federation.Ring, now time.Time) (federation.Turn, []federation.Key, error) {
	id := sso.ConnectionID("")
	if ring.Connection != nil {
		id = ring.Connection.ID
	}
	keys, err := ring.Keys(ctx, r)
	if err != nil {
		return "", nil, err
	}
	held, err := r.Held(ctx, id)
	if err != nil || held {
		return "", nil, err
	}
	return s.Pace.Due(keys, now), keys, nil
}
