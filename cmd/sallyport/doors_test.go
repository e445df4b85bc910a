package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/passkeytest"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// doors are the flows by which people come in, over one database with Acme: Bob
// is a member, with a password and in the group Staff, and Olga its owner.
type doors struct {
	*testing.T
	db         *store.DB
	sealer     *secret.Sealer
	signIn     *signin.Service
	accounts   *account.Service
	grants     *grant.Service
	operations *operate.Service
	enforce    *enforce.Service
	links      *recovery.Service
	at         atomic.Int64 // the clock
	tries      int
	browser    signin.Browser
	acme       sso.Organization
	groups     []sso.GroupID // that Bob is in
	bob, olga  sso.By
	agent      sso.By // of support
	app        sso.App
	key        otp.Secret                 // of Bob's authenticator app; nil: they have none
	passkey    *passkeytest.Authenticator // of Bob; nil: they have none
	began      secret.Token               // of a session of Bob's that began by their password
	access     secret.Token               // that an app has got for it; zero: not yet
	agreed     secret.Token               // by which a device asks for tokens; zero: nobody has agreed
	refreshed  secret.Token               // by which the app goes on; zero: it has none yet
	codes      []string                   // break-glass codes that are left
}

const doorsPassword = "violet-teapot-seldom-73"

// doorsHash is of the password that everybody has; it is made once.
var doorsHash = sync.OnceValues(func() (string, error) {
	return password.NewQuickHasher().Hash(context.Background(), doorsPassword)
})

func newDoors(t *testing.T, db *store.DB) *doors {
	t.Helper()
	d := &doors{T: t, db: db, browser: signin.Browser{Binding: secret.NewToken().Hash(), Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "test"}}
	d.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	var err error
	if d.sealer, err = secret.NewSealer(bytes.Repeat([]byte{7}, 32)); err != nil {
		t.Fatal(err)
	}
	party, err := passkey.NewParty("https://sso.example", "Sallyport")
	if err != nil {
		t.Fatal(err)
	}
	hasher := password.NewQuickHasher()
	outbox := &notify.Outbox{Sealer: d.sealer, Now: d.now}
	d.links = &recovery.Service{Outbox: outbox, Now: d.now}
	factors := &factor.Service{DB: db, Sealer: d.sealer, Party: party, Outbox: outbox, Product: "Sallyport", Now: d.now}
	limits := backoff.Limiter{DB: db, Now: d.now}
	d.signIn = &signin.Service{DB: db, BaseURL: "https://sso.example", Passwords: hasher, Factors: factors, Limiter: limits, Sealer: d.sealer, Now: d.now}
	d.accounts = &account.Service{DB: db, Passwords: hasher, Factors: factors, Recovery: d.links, Outbox: outbox, Limits: limits, Now: d.now}
	d.grants = &grant.Service{DB: db, Issuer: "https://sso.example", Sealer: d.sealer, Now: d.now, Limits: limits}
	d.operations = &operate.Service{DB: db, Recovery: d.links, Now: d.now}
	d.enforce = &enforce.Service{DB: db, Authority: &authority.Service{DB: db, Now: d.now}, Now: d.now}
	if err := d.grants.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.furnish()
	return d
}

func (d *doors) now() time.Time { return time.UnixMicro(d.at.Load()).UTC() }

func (d *doors) write(do func(tx *store.Writer) error) {
	d.Helper()
	if err := d.db.Write(d.Context(), do); err != nil {
		d.Fatal(err)
	}
}

// furnish makes the organizations and their people.
func (d *doors) furnish() {
	d.Helper()
	idp := samltest.New(d.T)
	at := d.now()
	d.acme = d.organization("acme")
	operators := d.organization(sso.OperatorsKey)
	c := sso.Connection{
		ID: sso.NewConnectionID(at), Org: d.acme.ID, Key: "acme-okta", Name: "Okta", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: at, UpdatedAt: at,
		SAML: sso.SAML{IdPEntityID: idp.EntityID, Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: idp.SSO}}, Certificates: [][]byte{idp.Certificate()}},
	}
	domain := sso.NewDomain(d.acme.ID, "acme.example", at)
	domain.Vouch(at)
	d.app = sso.App{ID: sso.NewAppID(at), Key: "spa", Name: "App", ClientID: "spa", AuthMethod: sso.AuthNone, GrantTypes: []sso.GrantType{sso.GrantCode, sso.GrantRefresh, sso.GrantDevice}, RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: at, UpdatedAt: at}
	d.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(d.acme.ID).SaveConnection(d.Context(), c), tx.Org(d.acme.ID).SaveDomain(d.Context(), domain), tx.SaveApp(d.Context(), d.app))
	})
	d.bob, d.began = d.person(&d.acme, "bob", sso.RoleMember, "Staff")
	d.olga, _ = d.person(&d.acme, "olga", sso.RoleOwner)
	d.agent, _ = d.person(&operators, "anna", sso.RoleMember)
	err := d.db.Read(d.Context(), func(r *store.Reader) error {
		var err error
		d.groups, err = r.Org(d.acme.ID).GroupsNamed(d.Context(), []string{"Staff"})
		return err
	})
	if err != nil || len(d.groups) != 1 {
		d.Fatalf("groups %v, %v", d.groups, err)
	}
}

func (d *doors) organization(key string) sso.Organization {
	d.Helper()
	o := sso.Organization{ID: sso.NewOrgID(d.now()), Key: key, Name: "The " + key, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: d.now(), UpdatedAt: d.now()}
	o.Path = []sso.OrgID{o.ID}
	d.write(func(tx *store.Writer) error { return tx.SaveOrganization(d.Context(), o) })
	o.Version = 1
	return o
}

// person adds a member with the password, signed in by it.
func (d *doors) person(o *sso.Organization, name string, role sso.Role, groups ...string) (sso.By, secret.Token) {
	d.Helper()
	hash, err := doorsHash()
	if err != nil {
		d.Fatal(err)
	}
	at := d.now()
	u := sso.User{
		ID: sso.NewUserID(at), Home: o.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@" + o.Key + ".example"), State: sso.UserActive,
		PasswordHash: hash, CredentialsAt: at, CreatedAt: at, UpdatedAt: at,
	}
	m := sso.Membership{Org: o.ID, User: u.ID, Role: role, Groups: groups, CreatedAt: at, UpdatedAt: at}
	s := sso.Session{ID: sso.NewSessionID(at), User: u.ID, Org: o.ID, AMR: []string{"pwd"}, AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(sso.SessionLife)}
	token := secret.NewToken()
	d.write(func(tx *store.Writer) error {
		in := tx.Org(o.ID)
		return errors.Join(in.SaveUser(d.Context(), u), in.SaveMembership(d.Context(), m), tx.InsertSession(d.Context(), s, token.Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: *o, Membership: m}, Address: "192.0.2.7"}, token
}

// demand changes what Acme demands.
func (d *doors) demand(p sso.Policy) {
	d.Helper()
	d.acme.Policy = p
	d.write(func(tx *store.Writer) error { return tx.SaveOrganization(d.Context(), d.acme) })
	d.acme.Version++
}

// elsewhere is what a person meets who may not use a password: the way to their
// identity provider.
func elsewhere() error { return &fault.Error{Kind: fault.Denied, Code: "policy_sso_required"} }

// finish ends an attempt, and has the session that came of it be used.
func (d *doors) finish(b signin.Browser, id sso.AttemptID) error {
	done, err := d.signIn.Finish(d.Context(), b, id, signin.AskFirst)
	if err != nil {
		return err
	}
	_, err = d.signIn.Person(d.Context(), done.Token, b.Address)
	return err
}

// prove gives the password of a name, as far as it is asked for.
func (d *doors) prove(b signin.Browser, name string) (sso.Attempt, error) {
	a, err := d.signIn.Identify(d.Context(), b, "", name, sso.ByPassword)
	if err != nil {
		return a, err
	}
	if a.Next() == sso.StepSSO {
		return a, elsewhere()
	}
	return d.signIn.Password(d.Context(), b, a.ID, doorsPassword)
}

func (d *doors) byPassword() error {
	a, err := d.prove(d.browser, "bob@acme.example")
	if err != nil {
		return err
	}
	return d.finish(d.browser, a.ID)
}

func (d *doors) byUsername() error {
	a, err := d.prove(d.browser, "bob")
	if err != nil {
		return err
	}
	return d.finish(d.browser, a.ID)
}

// equip gives Bob an authenticator app.
func (d *doors) equip() {
	d.Helper()
	if d.key != nil {
		return
	}
	d.key = otp.NewSecret()
	f := sso.Factor{ID: sso.NewFactorID(d.now()), User: d.bob.User.ID, Kind: sso.FactorTOTP, CreatedAt: d.now()}
	f.Secret = d.sealer.Seal(sso.FactorPlace(f.ID), d.key)
	d.write(func(tx *store.Writer) error { return tx.InsertFactor(d.Context(), f) })
}

func (d *doors) bySecondFactor() error {
	d.equip()
	a, err := d.prove(d.browser, "bob")
	if err != nil {
		return err
	}
	code, err := d.key.Code(otp.Step(d.now()))
	if err != nil {
		return err
	}
	if _, err := d.signIn.Factor(d.Context(), d.browser, a.ID, signin.Answer{By: sso.SecondTOTP, Code: code, Remember: true}); err != nil {
		return err
	}
	return d.finish(d.browser, a.ID)
}

func (d *doors) byDevice() error {
	d.equip()
	b := d.browser
	b.Device = secret.NewToken()
	device := sso.Device{ID: sso.NewDeviceID(d.now()), User: d.bob.User.ID, CreatedAt: d.now(), ExpiresAt: d.now().Add(time.Hour)}
	d.write(func(tx *store.Writer) error { return tx.InsertDevice(d.Context(), device, b.Device.Hash()) })
	a, err := d.prove(b, "bob")
	if err != nil {
		return err
	}
	return d.finish(b, a.ID)
}

func (d *doors) byPasskey() error {
	if d.passkey == nil {
		d.passkey = passkeytest.New(d.T)
		act := factor.Act{User: d.bob.User, Owner: "ses_1"}
		d.write(func(tx *store.Writer) error {
			options, err := d.signIn.Factors.OfferPasskey(d.Context(), tx.Reader, act)
			if err != nil {
				return err
			}
			_, err = d.signIn.Factors.AddPasskey(d.Context(), tx, act, d.passkey.Create(options, "https://sso.example"), "")
			return err
		})
	}
	options, err := d.signIn.AskPasskey(d.browser)
	if err != nil {
		return err
	}
	a, err := d.signIn.Passkey(d.Context(), d.browser, "", d.passkey.Get(options, "https://sso.example"))
	if err != nil {
		return err
	}
	return d.finish(d.browser, a.ID)
}

// letters returns the messages that wait, and has them wait no more: the kind
// of each, and the token at the end of the last link.
func (d *doors) letters() (kinds []string, token secret.Token) {
	d.Helper()
	d.write(func(tx *store.Writer) error {
		kinds = nil
		waiting, err := tx.Messages(d.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		if err != nil {
			return err
		}
		for _, m := range waiting {
			if !m.CreatedAt.Equal(d.now()) {
				continue // of an earlier try
			}
			kinds = append(kinds, m.Kind)
			plain, err := d.sealer.Open(store.OutboxPlace(m.ID), m.Data)
			if err != nil {
				return err
			}
			filled := map[string]string{}
			if err := json.Unmarshal(plain, &filled); err != nil {
				return err
			}
			if link := filled[notify.Link]; link != "" {
				token = secret.ParseToken(link[strings.LastIndexByte(link, '/')+1:])
			}
		}
		return nil
	})
	return kinds, token
}

func (d *doors) caller() account.Browser {
	return account.Browser{Address: d.browser.Address, UserAgent: "test"}
}

func (d *doors) askReset() error {
	if err := d.accounts.AskReset(d.Context(), d.caller(), "bob@acme.example", "en"); err != nil {
		return err
	}
	if n, err := d.accounts.AnswerResets(d.Context()); n != 1 || err != nil {
		return errors.Join(err, errors.New(strconv.FormatInt(n, 10)+" resets were answered"))
	}
	switch kinds, _ := d.letters(); strings.Join(kinds, " ") {
	case string(notify.ResetPassword):
		return nil
	case string(notify.SSOInstead):
		return elsewhere()
	default:
		return errors.New("mails " + strings.Join(kinds, " "))
	}
}

// user reads Bob anew.
func (d *doors) user() sso.User {
	d.Helper()
	var u sso.User
	d.write(func(tx *store.Writer) error {
		var err error
		u, err = tx.User(d.Context(), d.bob.User.ID)
		return err
	})
	return u
}

// redeem opens the page of a link, and uses it.
func (d *doors) redeem(kind recovery.Kind, token secret.Token) error {
	if _, err := d.accounts.Holder(d.Context(), kind, token); err != nil {
		// Who sends the form all the same meets the same.
		if _, again := d.accounts.Redeem(d.Context(), d.caller(), kind, token, doorsPassword); codeOf(again) != codeOf(err) {
			return errors.Join(err, again)
		}
		return err
	}
	_, err := d.accounts.Redeem(d.Context(), d.caller(), kind, token, doorsPassword)
	return err
}

func (d *doors) reset() error {
	u := d.user()
	d.write(func(tx *store.Writer) error { return d.links.ResetPassword(d.Context(), tx, &u) })
	_, token := d.letters()
	return d.redeem(recovery.Reset, token)
}

func (d *doors) register() error {
	u := d.user()
	var path string
	d.write(func(tx *store.Writer) error {
		var err error
		path, _, err = d.links.Register(d.Context(), tx, &u)
		return err
	})
	return d.redeem(recovery.Registration, secret.ParseToken(strings.TrimPrefix(path, recovery.RegistrationPath)))
}

func (d *doors) accept() error {
	d.tries++
	token := secret.NewToken()
	i := sso.Invitation{
		ID: sso.NewInvitationID(d.now()), Org: d.acme.ID, Email: sso.StoredEmail("nora" + strconv.Itoa(d.tries) + "@acme.example"), Role: sso.RoleMember, Groups: []string{"Staff"},
		By: string(d.olga.User.ID), CreatedAt: d.now(), SentAt: d.now(), ExpiresAt: d.now().Add(time.Hour),
	}
	d.write(func(tx *store.Writer) error { return tx.Org(d.acme.ID).InsertInvitation(d.Context(), i, token.Hash()) })
	_, err := d.accounts.Register(d.Context(), d.caller(), token, account.NewPerson{FirstName: "Nora", LastName: "New", Password: doorsPassword})
	return err
}

func (d *doors) setPassword() error {
	by := d.bob
	by.User = d.user()
	_, err := d.accounts.SetPassword(d.Context(), &by, d.caller(), doorsPassword, doorsPassword)
	return err
}

func (d *doors) session() error {
	_, err := d.signIn.Person(d.Context(), d.began, d.browser.Address)
	return err
}

func (d *doors) confirm() error {
	b := d.browser
	b.Session = d.began
	a, err := d.signIn.Confirm(d.Context(), b, "/account")
	if err != nil {
		return err
	}
	if _, err := d.signIn.Password(d.Context(), b, a.ID, doorsPassword); err != nil {
		return err
	}
	done, err := d.signIn.Finish(d.Context(), b, a.ID, signin.AskFirst)
	if err == nil {
		d.began = done.Token // the session goes on by it
	}
	return err
}

func (d *doors) breakGlass() error {
	if len(d.codes) == 0 {
		var err error
		if d.codes, err = d.enforce.NewCodes(d.Context(), &authority.Who{By: d.olga}, d.acme.ID); err != nil {
			return err
		}
	}
	code := d.codes[0]
	d.codes = d.codes[1:]
	a, err := d.signIn.BreakGlass(d.Context(), d.browser, "", "olga@acme.example", code)
	if err != nil {
		return err
	}
	return d.finish(d.browser, a.ID)
}

func (d *doors) act() error {
	token, err := d.operations.ActAs(d.Context(), &d.agent, d.bob.User.ID, d.acme.ID, "a ticket of theirs")
	if err != nil {
		return err
	}
	_, err = d.signIn.Person(d.Context(), token, d.browser.Address)
	return err
}
