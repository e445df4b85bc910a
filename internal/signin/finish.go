package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Finished is a sign-in that has become a session.
type Finished struct {
	Token   secret.Token // for the browser's session cookie
	Session sso.Session
	App     sso.AppID    // that asked; "": none
	Request string       // the app's authorize request, as it came
	Back    string       // path of ours to go back to; "": none
	Device  secret.Token // by which the browser is to be remembered; zero: it is not
	Known   secret.Token // by which the browser is to be told from others; zero: as before
	Reply   Reply        // to the app's request, where it leads there
	Refused error        // why there is none, for a page; nil: there is one
}

// Reply is the answer to the request of an app: a URL to send the browser to, or
// one to post Fields to.
type Reply struct {
	URL    string
	Fields []Field
}

// reply answers the request of an app, where one asked. It happens with the
// sign-in or not at all; the sign-in counts also where the app is refused its
// answer.
func (s *Service) reply(ctx context.Context, tx *store.Writer, out *Finished) {
	if s.Reply != nil && out.Request != "" && out.Back == "" {
		out.Reply, out.Refused = s.Reply(ctx, tx, out.Request, out.Session)
	}
}

// Consent says whether the person has agreed to be somebody else from now on.
type Consent uint8

// The consents.
const (
	AskFirst Consent = iota
	Switch
)

// OtherPerson says that the browser is signed in as somebody else, who would
// be signed out. A link can lead through an identity provider that answers by
// itself; nobody must become another person by following one.
type OtherPerson struct{ Now, Next string } // names to show

// Error says so without the names.
func (*OtherPerson) Error() string { return "the browser is signed in as another person" }

// Finish makes a session of a proven attempt, at [sso.StepFinish]. It is here
// that the browser which began the attempt must come itself, with its cookie:
// a response that was posted into another browser ends here. The attempt is
// used up; a session that the browser had before ends. Where that is another
// person's, the answer is an [*OtherPerson] until the person consents.
//
// What the sign-in needs is asked once more here: where that is more than was
// given, the attempt goes back to its step, and the answer is the fault
// attempt_step. An attempt that confirms a session makes no other one.
func (s *Service) Finish(ctx context.Context, b Browser, id sso.AttemptID, consent Consent) (Finished, error) {
	device := secret.NewToken()
	var out Finished
	var failure *fault.Error
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		out, failure = Finished{}, nil
		now := s.Now()
		token := tx.NewToken(now)
		a, err := s.load(ctx, tx.Reader, b, id)
		if err != nil {
			return err
		}
		if err := at(&a, sso.StepFinish); err != nil {
			return err
		}
		next, rules, err := s.admit(ctx, tx, b, &a, now)
		if err == nil && a.Proof.Session != "" {
			_, err = s.stillThere(ctx, tx.Reader, b, &a)
		}
		if err == nil && a.Proof.Needs != "" {
			failure, _ = errors.AsType[*fault.Error](at(&a, sso.StepFinish))
			return saveAttempt(ctx, tx, &a)
		}
		if err == nil && a.Session == "" && consent == AskFirst {
			err = s.replaces(ctx, tx, b, &next, now)
		}
		trace := s.end(&a, b, sso.Hop{Step: sso.HopFinish, At: now})
		if err != nil {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok {
				return err
			}
			failure, err = s.refuseEnd(ctx, tx, b, &trace, f)
			return err
		}
		if a.Proof.First != nil {
			if failure, err = s.link(ctx, tx, b, &a); err != nil || failure != nil {
				return err
			}
		}
		a.DoneAt, a.Hops = now, trace.Hops
		if err := meanwhile(tx.EndAttempt(ctx, a)); err != nil {
			return err
		}
		if err := s.Limiter.Forget(ctx, tx, proved(&a, b)...); err != nil {
			return err
		}
		if a.Session != "" {
			if out, err = s.refresh(ctx, tx, b, &a, token); err != nil {
				return err
			}
			s.reply(ctx, tx, &out)
			return record(ctx, tx, &trace)
		}
		out = Finished{Token: token, Session: session(&a, b, rules, now), App: a.App, Request: a.Request, Back: s.wayBack(&a)}
		err = tx.InsertSession(ctx, out.Session, token.Hash())
		if errors.Is(err, store.ErrSignedOut) { // meanwhile, at the identity provider
			failure, err = s.refuseEnd(ctx, tx, b, &trace, fault.From(err))
			return err
		}
		if err != nil {
			return err
		}
		if a.Method != sso.BySSO && (next.Membership.Role == sso.RoleOwner || rules.Exempt(next.User.Email)) {
			if err := tx.Org(a.Proof.Org).NoteBeside(ctx, a.Proof.User, a.Method, now); err != nil {
				return err
			}
		}
		if a.Method != sso.BySSO {
			if out.Known, err = s.greet(ctx, tx, b, &next.User, now); err != nil {
				return err
			}
		}
		if a.Proof.Remember {
			out.Device = device
			if err := remember(ctx, tx, b, a.Proof.User, device, now); err != nil {
				return err
			}
		}
		if !b.Session.IsZero() {
			if err := tx.EndSessionOf(ctx, b.Session.Hash(), now); err != nil {
				return err
			}
		}
		if err := tx.NoteSignIn(ctx, a.Proof.User, out.Session.Org, now); err != nil {
			return err
		}
		s.reply(ctx, tx, &out)
		return record(ctx, tx, &trace)
	})
	if err != nil {
		return Finished{}, s.refused(ctx, b, id, sso.HopFinish, suspect{}, fmt.Errorf("finishing a sign-in: %w", err))
	}
	if failure != nil {
		return Finished{}, failure
	}
	return out, nil
}

// proved returns what was guessed at that has been given now. Who goes on from a
// session has given nothing, and who was not asked for a second factor no second
// one: they must not have as many guesses at it elsewhere as they like.
func proved(a *sso.Attempt, b Browser) []backoff.Key {
	if a.Proof.Session != "" && a.Proof.Factor != "" { // a second one, which was asked for besides
		return []backoff.Key{backoff.SecondFactor(a.Proof.User)}
	}
	if a.Method == sso.BySSO || a.Proof.Session != "" {
		return nil
	}
	keys := []backoff.Key{backoff.Account(a.Proof.User, b.Address)}
	if a.Proof.Second != "" && a.Proof.Second != sso.SecondDevice {
		keys = append(keys, backoff.SecondFactor(a.Proof.User))
	}
	return keys
}

// admit asks once more, now that everything is known, whether this person may
// come in here, this way.
func (s *Service) admit(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, now time.Time) (sso.Person, sso.Rules, error) {
	p, err := tx.Member(ctx, a.Proof.User, a.Proof.Org)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, &fault.Error{Kind: fault.Denied, Code: "membership_missing", Fix: fault.AdminSide}
	}
	if err != nil {
		return p, nil, err
	}
	if err := p.Admissible(); err != nil {
		return p, nil, err
	}
	if a.Method == sso.BySSO {
		if _, err := connection(ctx, tx.Reader, a.Connection); err != nil {
			return p, nil, err
		}
	}
	rules, entry, err := rulesOf(ctx, tx, b, a, &p, now)
	if err != nil {
		return p, nil, err
	}
	if err := rules.Admit(entry); err != nil {
		return p, nil, err
	}
	if err := inactive(ctx, tx, rules, &p, now); err != nil {
		return p, nil, err
	}
	if err := current(ctx, tx, a, &p.User); err != nil {
		return p, nil, err
	}
	if err := s.need(ctx, tx, b, a, &p, rules, entry); err != nil {
		return p, nil, err
	}
	return p, rules, nil
}

// inactive refuses who has not come for longer than the rules bear. Who has used
// a session has come, however long ago they signed in.
func inactive(ctx context.Context, tx *store.Writer, rules sso.Rules, p *sso.Person, now time.Time) error {
	last := p.User.LastActive()
	refusal := rules.AdmitAs(p.Membership.Role, last, now)
	if refusal == nil {
		return nil
	}
	used, err := tx.Presence(ctx, p.User.ID)
	if err != nil || !used.After(last) {
		return cmp.Or(err, refusal)
	}
	return rules.AdmitAs(p.Membership.Role, used, now)
}

// rulesOf returns the policies that hold for a person, and how they stand at
// the door.
func rulesOf(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, p *sso.Person, now time.Time) (sso.Rules, sso.Entry, error) {
	rules, entry, err := tx.Door(ctx, &p.Org, &p.User, p.Membership.Role)
	if err != nil {
		return nil, sso.Entry{}, err
	}
	entry.Method, entry.Address, entry.At = a.Method, b.Address, now
	if a.Method == sso.ByBreakGlass {
		entry.Glass = a.Org
	}
	if a.Session == "" {
		return rules, entry, nil
	}
	// Who confirms a session that a break-glass code has begun is in by it.
	confirmed, err := tx.PersonBySession(ctx, a.Session)
	if err == nil && confirmed.Session.BreakGlass() {
		entry.Method, entry.Glass = sso.ByBreakGlass, confirmed.Session.Org
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil // refused where the session goes on
	}
	return rules, entry, err
}

// greet notes with which browser the person signs in, and tells them of one
// that is new: they may not be who signs in. It returns by what the browser is
// to be known. Where an identity provider signs people in, that is its to tell.
func (s *Service) greet(ctx context.Context, tx *store.Writer, b Browser, u *sso.User, now time.Time) (secret.Token, error) {
	token := b.Known
	if token.IsZero() {
		token = secret.NewToken()
	}
	news, err := tx.KnowBrowser(ctx, u.ID, token.Hash(), now)
	if err != nil || !news || u.Email.IsZero() {
		return token, err
	}
	return token, s.Factors.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.SignInNewDevice, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language,
		Data: map[notify.Gap]string{notify.At: notify.Instant(now), notify.Device: sso.DeviceName(b.UserAgent), notify.Place: addressOf(b)},
	})
}

// remember lets the browser do without a second factor for a while.
func remember(ctx context.Context, tx *store.Writer, b Browser, user sso.UserID, token secret.Token, now time.Time) error {
	return tx.InsertDevice(ctx, sso.Device{
		ID: sso.NewDeviceID(now), User: user, UserAgent: clipText(b.UserAgent, maxUserAgent), Address: addressOf(b),
		CreatedAt: now, ExpiresAt: now.Add(sso.DeviceLife),
	}, token.Hash())
}

// replaces refuses, for now, to put out another person who is signed in here.
func (s *Service) replaces(ctx context.Context, tx *store.Writer, b Browser, next *sso.Person, now time.Time) error {
	if b.Session.IsZero() {
		return nil
	}
	present, err := holder(ctx, tx.Reader, b.Session, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if present.User.ID == next.User.ID || present.Valid(now) != nil {
		return nil
	}
	return &OtherPerson{Now: present.User.Name(), Next: next.User.Name()}
}

func session(a *sso.Attempt, b Browser, rules sso.Rules, now time.Time) sso.Session {
	idle, life := rules.SessionLives()
	v := sso.Session{
		ID: sso.NewSessionID(now), User: a.Proof.User, Org: a.Proof.Org, Connection: a.Connection,
		AMR: a.Proof.AMR, AuthTime: a.Proof.At, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(life), Idle: sso.DurationOf(idle),
		UserAgent: clipText(b.UserAgent, maxUserAgent), Address: addressOf(b),
		SAML: a.Proof.SAML,
	}
	if t := a.Proof.At.Add(life); a.Proof.Session != "" && t.Before(v.ExpiresAt) {
		v.ExpiresAt = t
	}
	if t := a.Proof.NotAfter; t.After(now) && t.Before(v.ExpiresAt) {
		v.ExpiresAt = t
	}
	return v
}

// Person returns who a session token stands for, and refuses one that may not
// be used any more, or not from this address: that the session goes on, where
// people may come from. It keeps the session from growing idle.
func (s *Service) Person(ctx context.Context, token secret.Token, from netip.Addr) (sso.Person, error) {
	nobody := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	if token.IsZero() {
		return sso.Person{}, nobody
	}
	now := s.Now()
	var p sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		p, err = holder(ctx, r, token, now)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Person{}, nobody
	}
	if err != nil {
		return sso.Person{}, err
	}
	if err := p.Valid(now); err != nil {
		return sso.Person{}, err
	}
	if p.Session.ActedAs() {
		if err := s.stillActing(ctx, &p, from, now); err != nil {
			return sso.Person{}, err
		}
	}
	if err := p.From(from); err != nil {
		return sso.Person{}, err
	}
	if now.Sub(p.Session.SeenAt) >= sso.SessionTouchEvery {
		err := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.TouchSession(ctx, p.Session.ID, now) })
		if err != nil {
			return sso.Person{}, err
		}
		p.Session.SeenAt = now
	}
	return p, nil
}

// holder reads who holds a session token, or one that was replaced a moment
// ago, as what the token is good for.
func holder(ctx context.Context, r *store.Reader, token secret.Token, now time.Time) (sso.Person, error) {
	p, err := r.Person(ctx, token.Hash())
	if errors.Is(err, store.ErrNotFound) {
		p, err = r.RetiredPerson(ctx, token.Hash(), now)
	}
	p.Settle()
	return p, err
}

// Renew replaces the token of a session that waits for it, and returns the new
// one; an empty one where another request was quicker.
func (s *Service) Renew(ctx context.Context, token secret.Token) (secret.Token, error) {
	next := secret.NewToken()
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.RenewSession(ctx, token.Hash(), next.Hash(), s.Now().Add(sso.RetiredFor))
	})
	if errors.Is(err, store.ErrNotFound) {
		return secret.Token{}, nil
	}
	return next, err
}

// stillActing refuses a session in which somebody acts as the person once they
// themselves are signed out or may not help any more.
func (s *Service) stillActing(ctx context.Context, p *sso.Person, from netip.Addr, now time.Time) error {
	over := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	var actor sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		actor, err = r.PersonBySession(ctx, p.Session.ActorSession)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return over
	}
	if err != nil {
		return err
	}
	actor.Session.SeenAt = now // who acts is not idle
	if actor.User.ID != p.Session.Actor || actor.Valid(now) != nil || !actor.Support() {
		return over
	}
	return actor.From(from)
}

// maxUserAgent bounds what is kept of a browser's name, in octets.
const maxUserAgent = 300

// clipText cuts a text between two characters.
func clipText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
