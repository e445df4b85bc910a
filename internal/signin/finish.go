package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	f := finishing{Service: s, ctx: ctx, browser: b, consent: consent, device: secret.NewToken()}
	// First by the attempt as this node has stored it last, which nearly always is
	// how it stands. What does not go well by that is done by what is stored.
	for _, look := range []lookup{glance, read} {
		err := s.DB.Write(ctx, func(tx *store.Writer) error {
			f.tx, f.now, f.seen, f.out, f.failure = tx, s.Now(), nil, Finished{}, nil
			f.token = tx.NewToken(f.now)
			return f.finish(id, look)
		})
		switch {
		case look == glance && errors.Is(err, errMeanwhile):
			continue
		case err != nil:
			return Finished{}, s.refused(ctx, b, id, sso.HopFinish, suspect{}, fmt.Errorf("finishing a sign-in: %w", err))
		case f.failure != nil:
			return Finished{}, f.failure
		}
		break
	}
	return f.out, nil
}

// lookup says how an attempt is found.
type lookup uint8

const (
	glance lookup = iota // as this node has stored it last
	read                 // as it stands in the database
)

// finishing is an attempt in the course of becoming a session.
type finishing struct {
	*Service
	ctx           context.Context
	tx            *store.Writer
	now           time.Time
	browser       Browser
	consent       Consent
	token, device secret.Token // to be given to the browser
	seen          *sso.Person  // by whom it is decided, as they were seen last; nil: by what is stored
	out           Finished
	failure       *fault.Error // by which it is refused, in a transaction that stands
}

// finish finishes the attempt. [errMeanwhile] says that it has to be read.
func (f *finishing) finish(id sso.AttemptID, look lookup) error {
	if look == read {
		a, err := f.load(f.ctx, f.tx.Reader, f.browser, id)
		if err != nil {
			return err
		}
		return f.become(&a, look)
	}
	a, known := f.DB.AttemptAtAGlance(id)
	if !known || a.Usable(f.browser.Binding, f.now) != nil || a.Proof.First != nil {
		return errMeanwhile
	}
	if err := f.become(&a, look); err != nil || f.failure != nil {
		return errMeanwhile
	}
	return nil
}

// become makes a session of an attempt.
func (f *finishing) become(a *sso.Attempt, look lookup) error {
	if err := at(a, sso.StepFinish); err != nil {
		return err
	}
	next, rules, err := f.admit(a, look)
	if err == nil && a.Proof.Session != "" {
		_, err = f.stillThere(f.ctx, f.tx.Reader, f.browser, a)
	}
	if err == nil && a.Proof.Needs != "" {
		f.failure, _ = errors.AsType[*fault.Error](at(a, sso.StepFinish))
		return saveAttempt(f.ctx, f.tx, a)
	}
	if err == nil && a.Session == "" && f.consent == AskFirst {
		err = f.replaces(f.ctx, f.tx, f.browser, &next, f.now)
	}
	trace := f.end(a, f.browser, sso.Hop{Step: sso.HopFinish, At: f.now})
	if err != nil {
		refusal, ok := errors.AsType[*fault.Error](err)
		if !ok || look == glance {
			return err
		}
		f.failure, err = f.refuseEnd(f.ctx, f.tx, f.browser, &trace, refusal)
		return err
	}
	if a.Proof.First != nil {
		if f.failure, err = f.link(f.ctx, f.tx, f.browser, a); err != nil || f.failure != nil {
			return err
		}
	}
	a.DoneAt = f.now
	if a.Session != "" {
		if f.out, err = f.refresh(f.ctx, f.tx, f.browser, a, f.token); err != nil {
			return err
		}
		return f.over(a, &trace)
	}
	f.out = Finished{Token: f.token, Session: session(a, f.browser, rules, f.now), App: a.App, Request: a.Request, Back: f.wayBack(a)}
	if f.seen != nil {
		err = f.tx.InsertSessionOf(f.ctx, f.out.Session, f.token.Hash(), f.seen)
	} else {
		err = f.tx.InsertSession(f.ctx, f.out.Session, f.token.Hash())
	}
	if errors.Is(err, store.ErrSignedOut) && look == read { // meanwhile, at the identity provider
		if err := saveAttempt(f.ctx, f.tx, a); err != nil {
			return err
		}
		f.failure, err = f.refuseEnd(f.ctx, f.tx, f.browser, &trace, fault.From(err))
		return err
	}
	if err != nil {
		return err
	}
	if err := f.greeted(a, &next, rules); err != nil {
		return err
	}
	if !f.browser.Session.IsZero() {
		if err := f.tx.EndSessionOf(f.ctx, f.browser.Session.Hash(), f.now); err != nil {
			return err
		}
	}
	return f.over(a, &trace)
}

// greeted does what signing in by anything but an identity provider entails.
func (f *finishing) greeted(a *sso.Attempt, p *sso.Person, rules sso.Rules) error {
	if a.Method != sso.BySSO && (p.Membership.Role == sso.RoleOwner || rules.Exempt(p.User.Email)) {
		if err := f.tx.Org(a.Proof.Org).NoteBeside(f.ctx, a.Proof.User, a.Method, f.now); err != nil {
			return err
		}
	}
	if a.Method != sso.BySSO {
		var err error
		if f.out.Known, err = f.greet(f.ctx, f.tx, f.browser, &p.User, f.now); err != nil {
			return err
		}
	}
	if a.Proof.Remember {
		f.out.Device = f.device
		return remember(f.ctx, f.tx, f.browser, a.Proof.User, f.device, f.now)
	}
	return nil
}

// over ends the attempt, with its trace, and answers the app.
func (f *finishing) over(a *sso.Attempt, t *sso.Trace) error {
	if err := f.Limiter.Forget(f.ctx, f.tx, proved(a, f.browser)...); err != nil {
		return err
	}
	f.reply(f.ctx, f.tx, &f.out)
	if t.Reference == "" {
		t.Reference = secret.NewReference()
	}
	return meanwhile(f.tx.EndAttempt(f.ctx, *a, *t))
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
func (f *finishing) admit(a *sso.Attempt, look lookup) (sso.Person, sso.Rules, error) {
	p, err := f.member(a, look)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, &fault.Error{Kind: fault.Denied, Code: "membership_missing", Fix: fault.AdminSide}
	}
	if err != nil {
		return p, nil, err
	}
	if err := p.Admissible(); err != nil {
		return p, nil, err
	}
	if end := a.Proof.NotAfter; a.Proof.Session == "" && !end.IsZero() && !f.now.Before(end) { // over while they were on their way
		return p, nil, store.ErrSignedOut
	}
	if a.Method == sso.BySSO {
		if _, err := connection(f.ctx, f.tx.Reader, a.Connection); err != nil {
			return p, nil, err
		}
	}
	rules, entry, err := rulesOf(f.ctx, f.tx, f.browser, a, &p, f.now)
	if err != nil {
		return p, nil, err
	}
	if err := rules.Admit(entry); err != nil {
		return p, nil, err
	}
	if err := inactive(f.ctx, f.tx, rules, &p, f.now); err != nil {
		return p, nil, err
	}
	if err := current(f.ctx, f.tx, a, &p.User); err != nil {
		return p, nil, err
	}
	if err := f.need(f.ctx, f.tx, f.browser, a, &p, rules, entry); err != nil {
		return p, nil, err
	}
	return p, rules, nil
}

// member returns whom the attempt has proved.
func (f *finishing) member(a *sso.Attempt, look lookup) (sso.Person, error) {
	if look == glance && a.Session == "" {
		seen, err := f.tx.MemberAtAGlance(f.ctx, a.ID)
		if err != nil {
			return sso.Person{}, err
		}
		if seen != nil && seen.User.ID == a.Proof.User && seen.Membership.Org == a.Proof.Org {
			f.seen = seen
			return *seen, nil
		}
	}
	return f.tx.Member(f.ctx, a.Proof.User, a.Proof.Org)
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
	v.ExpiresAt = a.Proof.End(v.ExpiresAt)
	return v
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
