package grant

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Outcome is the answer to an authorize request: a URL to send the browser to,
// or a sign-in to begin.
type Outcome struct {
	URL string // of the app, which registered it
	// Form is posted to URL by the browser, where the app wants its answer in that
	// way; nil: everything stands in URL.
	Form    []oidc.Parameter
	Refused oidc.Code // what URL tells the app, for the log; "": it carries a code
	SignIn  *SignIn   // nil where URL is set
}

// SignIn is what a sign-in must know of the request that it is for.
type SignIn struct {
	App       sso.AppID
	Request   string // to be kept, and given to [Service.Resume]
	LoginHint string
	UILocales []string
	Fresh     bool      // the identity provider, too, must ask the person anew
	Offer     bool      // who is signed in may go on, in the organization of their choice
	Org       sso.OrgID // to which they shall be signed in; "": any
	Demand    sso.AppDemand
	Raise     bool // who is signed in gives what the app demands besides, and goes on
}

// Authorize answers an authorize request. The person is whom the browser is
// signed in as, judged now, or nil. An error is for a page: the browser must
// not be sent anywhere.
func (s *Service) Authorize(ctx context.Context, parameters url.Values, person *sso.Person) (Outcome, error) {
	now := s.Now()
	token := oidc.PushedIn(parameters)
	if !token.IsZero() {
		var err error
		if parameters, err = s.pull(ctx, parameters, token); err != nil {
			return Outcome{}, err
		}
	}
	when := asked{at: now, now: now, past: !token.IsZero()}
	if person == nil {
		// Where nobody is signed in, what an app gets is a sign-in or a refusal. That
		// for which a sign-in is begun is judged anew at its end.
		if out, err := (place{Service: s, glances: true}).answer(ctx, parameters, nil, when); err == nil && out.SignIn != nil {
			return out, nil
		}
	}
	return s.outside().answer(ctx, parameters, person, when)
}

// asked says when a request came, and how.
type asked struct {
	at, now time.Time
	past    bool // past the browser, where the app had to prove itself
}

// place is where an authorize request is answered: within the transaction of the
// sign-in that was begun for it, or with none around it.
type place struct {
	*Service
	tx      *store.Writer // nil: none
	glances bool          // settings are taken to be as they were seen last
}

func (s *Service) outside() place { return place{Service: s} }

func (s place) read(ctx context.Context, fn func(*store.Reader) error) error {
	if s.tx != nil {
		return fn(s.tx.Reader)
	}
	if s.glances {
		_, err := s.DB.Glance(fn)
		return err
	}
	return s.DB.Read(ctx, fn)
}

func (s place) write(ctx context.Context, fn func(*store.Writer) error) error {
	if s.tx != nil {
		return fn(s.tx)
	}
	return s.DB.Write(ctx, fn)
}

// Resume answers the request for which a sign-in was begun, in the transaction in
// which that becomes this session: a code is there with the session or not at all.
// The error is for a page: the app may have changed in the meantime.
func (s *Service) Resume(ctx context.Context, tx *store.Writer, request string, session sso.Session) (Outcome, error) {
	parameters, err := oidc.ParseForm(request)
	if err != nil {
		return Outcome{}, fmt.Errorf("resuming an authorize request: %w", err)
	}
	// The session was made for this request, so it is as fresh as can be.
	return place{Service: s, tx: tx}.answer(ctx, parameters, &sso.Person{Session: session}, asked{at: session.AuthTime, now: s.Now(), past: true})
}

func (s place) answer(ctx context.Context, parameters url.Values, person *sso.Person, when asked) (Outcome, error) {
	tried, err := s.tried(ctx, parameters, person, when.now)
	if err != nil {
		return Outcome{}, err
	}
	app, request, err := s.judge(ctx, parameters, tried)
	if err != nil {
		if refusal, ok := errors.AsType[*oidc.AuthorizeError](err); ok {
			return s.refuse(refusal), nil
		}
		return Outcome{}, err
	}
	if app.RequirePAR && !when.past && tried == "" {
		return s.refuse(request.Refuse(oidc.InvalidRequest, "this application has to push its requests")), nil
	}
	org, err := s.organization(ctx, &request)
	if err != nil {
		return Outcome{}, err
	}
	login := oidc.Login{}
	switch {
	case person == nil:
	case org == "" || person.Session.Org == org:
		login = oidc.Login{Subject: string(person.Session.User), At: person.Session.AuthTime, Level: oidc.LevelOf(person.Session.AMR)}
	case !person.Session.AuthTime.Before(when.at): // signed in just now, and elsewhere
		return s.refuse(request.Refuse(oidc.AccessDenied, "the person is signed in to another organization")), nil
	}
	hint, err := s.wanted(ctx, &request)
	if err != nil {
		return Outcome{}, err
	}
	step := request.Next(login, when.at, when.now, hint)
	if step == oidc.Better {
		if step, err = s.better(ctx, &request, person.Session.User); err != nil {
			return Outcome{}, err
		}
	}
	switch step {
	case oidc.IssueCode:
		if err := s.enter(ctx, &app, &request, person.Session.ID); err != nil {
			if refusal, ok := errors.AsType[*oidc.AuthorizeError](err); ok {
				return s.refuse(refusal), nil
			}
			return Outcome{}, err
		}
		p := promised(&app, &request, person.Session.ID, login.Level, when.now)
		if tried != "" {
			return s.issueTrial(ctx, &request, &p)
		}
		return s.issue(&request, &p)
	case oidc.GiveUp:
		return s.refuse(request.Refuse(oidc.LoginRequired, "the person must sign in")), nil
	case oidc.Unmet:
		return s.refuse(request.Refuse(oidc.UnmetAuthentication, "the sign-in was not of the sort that acr demands")), nil
	default:
		return Outcome{SignIn: &SignIn{
			App: app.ID, Request: request.Values().Encode(), LoginHint: request.LoginHint, UILocales: request.UILocales,
			Fresh: request.DemandsFreshness(), Offer: offers(person, &request, hint), Org: org,
			Demand: demandOf(&request), Raise: raises(&request, login, hint),
		}}, nil
	}
}

// offers reports whether the person who is signed in may go on from there, after
// they were asked where: the app asks to have them asked, or for another
// organization, and hints at nobody else.
func offers(person *sso.Person, request *oidc.AuthorizeRequest, hint string) bool {
	if person == nil || request.DemandsFreshness() || hint != "" && hint != string(person.Session.User) {
		return false
	}
	return request.Organization != "" || request.Prompt.Has(oidc.PromptSelectAccount)
}

// organization returns the organization that a request names by its ID or key; ""
// where it names none, and [sso.Nowhere] where there is none. Whether there is one
// is told to nobody who asks: not by the answer, and not by the work for it.
func (s place) organization(ctx context.Context, request *oidc.AuthorizeRequest) (sso.OrgID, error) {
	if request.Organization == "" {
		return "", nil
	}
	var org sso.Organization
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		if key, refused := sso.ParseKey(request.Organization); refused == nil {
			org, err = r.OrganizationByKey(ctx, key)
		} else {
			org, err = r.Organization(ctx, sso.OrgID(request.Organization)) // no key looks like an ID
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Nowhere, nil
	}
	return org.ID, err
}

func (s *Service) refuse(e *oidc.AuthorizeError) Outcome {
	out := outcome(e.Answer(s.Issuer))
	out.Refused = e.Code
	return out
}

func outcome(a oidc.Answer) Outcome {
	out := Outcome{URL: a.URL()}
	if a.Mode == oidc.ModeFormPost {
		out.Form = a.Parameters
	}
	return out
}

// wanted returns the only person who will do, or "": whom the claims parameter
// names, or the id_token_hint. Where they name two, nobody will.
func (s place) wanted(ctx context.Context, request *oidc.AuthorizeRequest) (string, error) {
	hint, err := s.hinted(ctx, request)
	switch subject := request.Subject(); {
	case err != nil:
		return "", err
	case subject == "" || subject == hint:
		return hint, nil
	case hint == "":
		return subject, nil
	default:
		return nobody, nil
	}
}

// nobody is a subject that is none.
const nobody = "somebody unknown"

// hinted returns the subject that the request's id_token_hint names, or "". A
// hint that cannot be read any more is no hint: whoever has kept an id token
// for longer than we keep its key must still be able to sign in. Where there is
// no page on which somebody else could be noticed, it names nobody who could
// be there.
func (s place) hinted(ctx context.Context, request *oidc.AuthorizeRequest) (string, error) {
	if request.IDTokenHint == "" {
		return "", nil
	}
	keys, err := s.known(ctx)
	if err != nil {
		return "", err
	}
	hint, err := oidc.VerifyHint(request.IDTokenHint, s.Issuer, request.ClientID, keys.public...)
	switch {
	case err == nil:
		return hint.Subject, nil
	case request.Prompt.Has(oidc.PromptNone):
		return nobody, nil
	default:
		return "", nil
	}
}

// known returns the keys by which a hint is verified. Where none are at hand they
// are read as they are: within a transaction none can be made.
func (s place) known(ctx context.Context) (*keySet, error) {
	if s.tx == nil {
		return s.keys(ctx)
	}
	if k := s.loaded.Load(); k != nil {
		return k, nil
	}
	stored, err := s.tx.SigningKeys(ctx, store.KeyForOIDC)
	if err != nil {
		return nil, err
	}
	return s.open(stored)
}

// issue answers a request by a code.
func (s place) issue(request *oidc.AuthorizeRequest, p *promise) (Outcome, error) {
	code, err := s.code(p)
	if err != nil {
		return Outcome{}, err
	}
	return outcome(request.Answer(s.Issuer, code.Reveal())), nil
}
