// Package factor lets people add, use and remove what they prove themselves
// with beside a password: authenticator apps, telephone numbers, security keys
// and passkeys, recovery codes.
//
// The sign-in asks for them and has people add the first one; in their account
// people look after them. Both do it by the same methods, in transactions of
// their own: what a method writes has effect together with what its caller
// makes of it, or not at all. What a method offers, such as a secret or a
// challenge, is bound to the attempt or session in which it was offered, and is
// taken once.
//
// # Trust
//
// How often somebody may try is the caller's to ask package backoff, before.
// That a person may add or remove something at all (they have proved
// themselves lately, nobody acts as them) is the caller's to know.
package factor

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// offerLife is how long an offer can be taken: a secret that is shown, a
// challenge that a browser was given.
const offerLife = 15 * time.Minute

// Service adds, uses and removes factors. Its fields are set once, before it is
// used; it is safe for concurrent use.
type Service struct {
	DB      *store.DB
	Sealer  *secret.Sealer
	Party   *passkey.Party
	Outbox  *notify.Outbox
	Product string // what authenticator apps show the codes under
	SMS     bool   // messages to telephones are sent at all
	Now     func() time.Time
}

// Kinds returns what people can add here, the safest first.
func (s *Service) Kinds() []sso.FactorKind {
	kinds := []sso.FactorKind{sso.FactorTOTP}
	if s.Passkeys() {
		kinds = []sso.FactorKind{sso.FactorPasskey, sso.FactorTOTP}
	}
	if s.SMS {
		kinds = append(kinds, sso.FactorSMS)
	}
	return kinds
}

// Act is who does something, in what, and from where.
type Act struct {
	User      sso.User
	Owner     string // ID of the attempt or the session in which they do it
	Address   string // of the browser
	UserAgent string
}

// purpose is what an offer is for. What was offered for one is not taken for
// another.
type purpose string

// The purposes.
const (
	forApp      purpose = "app"     // the secret of an authenticator app
	forCreation purpose = "create"  // the challenge for a new passkey
	forSecond   purpose = "second"  // the challenge for a passkey beside a password
	forFirst    purpose = "passkey" // the challenge for a passkey in place of one
)

// place is what an offer is sealed for: its purpose, and who it was made to.
func place(p purpose, owner string) secret.Place {
	return secret.Place{Table: "offers", Column: string(p), Row: owner}
}

// offer seals plain so that it can be given away and comes back unread and
// unchanged. Nothing is stored for it: a page that is only looked at leaves
// nothing behind.
func (s *Service) offer(p purpose, owner string, plain []byte) []byte {
	until := binary.BigEndian.AppendUint64(nil, uint64(s.Now().Add(offerLife).UnixMicro()))
	return s.Sealer.Seal(place(p, owner), append(until, plain...))
}

// errOver is the answer to an offer that is not for here, or not any more.
var errOver = errors.New("offer is another one's, or over")

// open returns what was offered.
func (s *Service) open(p purpose, owner string, sealed []byte) ([]byte, error) {
	plain, err := s.Sealer.Open(place(p, owner), sealed)
	if err != nil || len(plain) < 8 {
		return nil, errOver
	}
	if until := time.UnixMicro(int64(binary.BigEndian.Uint64(plain[:8]))); !s.Now().Before(until) {
		return nil, errOver
	}
	return plain[8:], nil
}

// take opens what was offered, and uses the offer up: of any number of
// transactions that take it, one succeeds.
func (s *Service) take(ctx context.Context, tx *store.Writer, p purpose, owner string, sealed []byte) ([]byte, error) {
	plain, err := s.open(p, owner, sealed)
	if err != nil {
		return nil, over(err)
	}
	err = tx.InsertSingleUse(ctx, store.KindFactorOffer, secret.HashOf(sealed), s.Now().Add(offerLife), "")
	if errors.Is(err, store.ErrUsed) {
		return nil, over(err)
	}
	return plain, err
}

func over(cause error) error {
	return &fault.Error{Kind: fault.Conflict, Code: "factor_over", Want: "what the page before has offered", Got: "something else, or for the second time", Fix: fault.PersonSide, Err: cause}
}

// text is an offer as a form carries it.
func text(sealed []byte) string { return base64.RawURLEncoding.EncodeToString(sealed) }

// maxOffer is the length of the longest offer in a form.
const maxOffer = 1024

func fromText(s string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(s) > maxOffer {
		return nil
	}
	return b
}

// add stores a new factor, and tells the person and the audit list.
func (s *Service) add(ctx context.Context, tx *store.Writer, act Act, f sso.Factor) (sso.Factor, error) {
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return sso.Factor{}, err
	}
	if err := sso.MayAdd(have); err != nil {
		return sso.Factor{}, err
	}
	err = tx.InsertFactor(ctx, f)
	if store.ConflictOn(err, store.FactorCredential) {
		return sso.Factor{}, &fault.Error{Kind: fault.Conflict, Code: "passkey_taken", Fix: fault.PersonSide, Err: err}
	}
	if err != nil {
		return sso.Factor{}, err
	}
	if err := tx.NoteCredentials(ctx, act.User.ID, s.Now()); err != nil {
		return sso.Factor{}, err
	}
	if err := s.record(ctx, tx, act, "factor.added", string(f.ID), map[string]string{"kind": string(f.Kind)}, f.Settings().Changed(nil)...); err != nil {
		return sso.Factor{}, err
	}
	return f, s.tell(ctx, tx, act, notify.FactorAdded, map[notify.Gap]string{notify.Factor: string(f.Kind)})
}

// Remove takes a factor from the person, unless it is the last one and an
// organization of theirs demands one. Their remembered browsers are forgotten:
// what they stood in for may be what was lost.
func (s *Service) Remove(ctx context.Context, tx *store.Writer, act Act, id sso.FactorID) error {
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return err
	}
	if err := sso.MayRemove(have, id, sso.MFAOff, ""); err != nil {
		return err
	}
	memberships, err := tx.Memberships(ctx, act.User.ID)
	if err != nil {
		return err
	}
	for _, m := range memberships {
		demand, err := demanded(ctx, tx, act.User.ID, m.Org)
		if err != nil {
			return err
		}
		if err := sso.MayRemove(have, id, demand, m.Role); err != nil {
			return err
		}
	}
	gone := named(have, id)
	if err := tx.DeleteFactor(ctx, act.User.ID, id); err != nil {
		return err
	}
	if err := tx.DeleteDevices(ctx, act.User.ID); err != nil {
		return err
	}
	if err := s.record(ctx, tx, act, "factor.removed", string(id), map[string]string{"kind": string(gone.Kind)}, sso.Settings{}.Changed(gone.Settings())...); err != nil {
		return err
	}
	return s.tell(ctx, tx, act, notify.FactorRemoved, map[notify.Gap]string{notify.Factor: string(gone.Kind)})
}

// demanded returns what an organization demands of its member, should they
// sign in by a password.
func demanded(ctx context.Context, tx *store.Writer, user sso.UserID, org sso.OrgID) (sso.MFADemand, error) {
	p, err := tx.Member(ctx, user, org)
	if err != nil {
		return "", err
	}
	rules, entry, err := tx.Door(ctx, &p.Org, &p.User, p.Membership.Role)
	entry.Method = sso.ByPassword
	return rules.MFAOf(entry), err
}

// Rename gives a factor of the person another name.
func (s *Service) Rename(ctx context.Context, tx *store.Writer, act Act, id sso.FactorID, name string) error {
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	if name == "" {
		return unnameable()
	}
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return err
	}
	err = tx.RenameFactor(ctx, act.User.ID, id, name)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "factor_unknown", Fix: fault.PersonSide}
	}
	if err != nil {
		return err
	}
	return s.record(ctx, tx, act, "factor.renamed", string(id), nil, sso.Change{Field: "name", From: named(have, id).Name, To: name})
}

// named returns the one of several factors with this ID.
func named(all []sso.Factor, id sso.FactorID) *sso.Factor {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return &sso.Factor{}
}

// maxName is the length of the longest name of a factor, in characters.
const maxName = 60

// cleanName makes a name fit to be stored. There need be none: pages call the
// thing what it is, each in its reader's language.
func cleanName(name string) (string, error) {
	name = sso.CleanName(name)
	if len([]rune(name)) > maxName {
		return "", unnameable()
	}
	return name, nil
}

func unnameable() error {
	return &fault.Error{Kind: fault.Invalid, Code: "factor_name", Want: "1 to 60 characters", Fix: fault.PersonSide}
}

// record writes a line into the audit list of the person's organization.
func (s *Service) record(ctx context.Context, tx *store.Writer, act Act, action, target string, detail map[string]string, changes ...sso.Change) error {
	return tx.Org(act.User.Home).Record(ctx, sso.Event{
		At: s.Now(), Actor: string(act.User.ID), Address: act.Address, UserAgent: sso.ClipUserAgent(act.UserAgent), Action: action, Target: target, Detail: detail, Changes: changes,
	})
}

// tell mails the person that something about their account has changed. Who
// has no address is not told.
func (s *Service) tell(ctx context.Context, tx *store.Writer, act Act, kind notify.Kind, data map[notify.Gap]string) error {
	if act.User.Email.IsZero() {
		return nil
	}
	data[notify.At], data[notify.Device], data[notify.Place] = notify.Instant(s.Now()), sso.DeviceName(act.UserAgent), act.Address
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: kind, Org: act.User.Home, User: act.User.ID, To: act.User.Email.String(), Language: act.User.Language, Data: data,
	})
}

// wrong is the answer to a code that is not the one.
func wrong() error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "code_wrong", Fix: fault.PersonSide}
}
