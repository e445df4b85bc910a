package storetest

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// world is one test's database, and the short ways to fill it.
type world struct {
	*testing.T
	ctx context.Context // of the test
	db  *store.DB
	now time.Time
	seq *atomic.Int64

	// scattered: nothing counts as few, and the organizations that a search
	// finds come in the order of words.
	scattered bool
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	return &world{T: t, ctx: t.Context(), db: db, now: time.Date(2026, 9, 1, 12, 0, 0, 123456000, time.UTC), seq: new(atomic.Int64)}
}

// later returns an instant that no earlier call has returned.
func (w *world) later() time.Time {
	return w.now.Add(time.Duration(w.seq.Add(1)) * time.Microsecond)
}

// write runs fn in a transaction that must succeed.
func (w *world) write(fn func(tx *store.Writer) error) {
	w.Helper()
	if err := w.db.Write(w.ctx, fn); err != nil {
		w.Fatalf("Write() = %v", err)
	}
}

// sweep deletes what has expired by then, and returns how many rows that were.
func (w *world) sweep(now time.Time) (n int64) {
	w.Helper()
	w.write(func(tx *store.Writer) (err error) {
		n, err = tx.DeleteExpired(w.ctx, now, store.Retention{})
		return err
	})
	return n
}

// refused runs fn in a transaction that must end in this error.
func (w *world) refused(want error, fn func(tx *store.Writer) error) {
	w.Helper()
	if err := w.db.Write(w.ctx, fn); !errors.Is(err, want) {
		w.Errorf("Write() = %v, want %v", err, want)
	}
}

// conflict runs fn in a transaction that must end in a conflict on c.
func (w *world) conflict(c store.Constraint, fn func(tx *store.Writer) error) {
	w.Helper()
	err := w.db.Write(w.ctx, fn)
	if !store.ConflictOn(err, c) || !errors.Is(err, store.ErrConflict) {
		w.Errorf("Write() = %v, want a conflict on %s", err, c)
	}
}

// read runs fn, which must succeed.
func (w *world) read(fn func(r *store.Reader) error) {
	w.Helper()
	if err := w.db.Read(w.ctx, fn); err != nil {
		w.Fatalf("Read() = %v", err)
	}
}

// reader returns a reader to be used beyond one call of Read.
func (w *world) reader() *store.Reader {
	w.Helper()
	var reader *store.Reader
	w.read(func(r *store.Reader) error {
		reader = r
		return nil
	})
	return reader
}

// same compares what was read with what was written.
func same[T any](w *world, what string, want, got T) {
	w.Helper()
	if diff := cmp.Diff(want, got, comparers()...); diff != "" {
		w.Errorf("%s: wanted -, got +\n%s", what, diff)
	}
}

// get returns what a read gives; it must be there.
func get[T any](w *world, what string) func(v T, err error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Errorf("%s = %v", what, err)
		}
		return v
	}
}

// missing holds a read to giving [store.ErrNotFound] and nothing else.
func missing[T any](w *world, what string) func(v T, err error) {
	return func(v T, err error) {
		w.Helper()
		if !errors.Is(err, store.ErrNotFound) {
			w.Errorf("%s = %v, want ErrNotFound", what, err)
		}
		if !reflect.ValueOf(&v).Elem().IsZero() {
			w.Errorf("%s gives %v beside the error", what, v)
		}
	}
}

// none holds a list to being empty, which is no error.
func none[T any](w *world, what string) func(all []T, err error) {
	return func(all []T, err error) {
		w.Helper()
		if err != nil || len(all) != 0 {
			w.Errorf("%s = %v, %v, want an empty list", what, all, err)
		}
	}
}

func comparers() []cmp.Option {
	return []cmp.Option{
		cmp.Comparer(func(a, b sso.Email) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	}
}

// full fails when a field of a sample is zero: a field that is added to a
// noun must be added here, and is then missed when it is not stored.
func full[T any](w *world, v T, but ...string) T {
	w.Helper()
	for i := range reflect.TypeFor[T]().NumField() {
		name := reflect.TypeFor[T]().Field(i).Name
		if reflect.ValueOf(v).Field(i).IsZero() && !strings.Contains(" "+strings.Join(but, " ")+" ", " "+name+" ") {
			w.Errorf("the sample %T has no %s", v, name)
		}
	}
	return v
}

func (w *world) email(s string) sso.Email {
	w.Helper()
	e, err := sso.ParseEmail(s)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// organization returns an organization that is not stored yet.
func (w *world) organization(key string, parent *sso.Organization) sso.Organization {
	w.Helper()
	at := w.later()
	o := sso.Organization{
		ID: sso.NewOrgID(at), Key: key, Name: "The " + key, State: sso.OrgActive,
		Entitlements: []sso.Entitlement{sso.EntitledSSO, sso.EntitledSCIM},
		Policy: sso.Policy{
			SSO: sso.SSORequired, MFA: sso.MFAOwners, MFAAfterSSO: sso.SSOFactorAsk, Exempt: []string{"root@other.example"},
			IPAllow: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}, InactiveAfter: 3600,
		},
		Brand:     sso.Brand{Accent: "#0a6b5e", Logo: "x"},
		CreatedAt: at, UpdatedAt: at,
	}
	if err := o.Place(parent); err != nil {
		w.Fatal(err)
	}
	return o
}

// addOrg stores an organization and returns it as it is stored.
func (w *world) addOrg(key string, parent *sso.Organization) sso.Organization {
	w.Helper()
	o := w.organization(key, parent)
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.ctx, o) })
	o.Version = 1
	return o
}

func (w *world) connection(org sso.OrgID, key string) sso.Connection {
	at := w.later()
	return sso.Connection{
		ID: sso.NewConnectionID(at), Org: org, Key: key, Name: "Okta", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive,
		SAML: sso.SAML{
			IdPEntityID:  "https://idp.example/" + key,
			Endpoints:    []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/sso?a=1&b=<2>"}},
			Certificates: [][]byte{{0, 1, 255}}, SignRequests: sso.SignAlways, WantsSigned: true, SPEntityID: "urn:old",
			IdPInitiated: true, NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", ForceAuthn: true,
			LogoutTo: []sso.Endpoint{{Binding: sso.BindingPOST, Location: "https://idp.example/slo", Answers: "https://idp.example/answers"}}, Logout: true,
			Encryption: sso.EncryptionRequired, Legacy: []sso.Legacy{{Switch: sso.LegacySHA1, Until: w.now}},
			Vendor: "okta", MetadataURL: "https://idp.example/metadata", RequestBinding: sso.BindingRedirect, SharedACS: true,
		},
		FirstSignIn: sso.FirstCreate,
		Defaults:    sso.Defaults{Role: sso.RoleMember, Groups: []string{"staff"}, Organizations: []sso.OrgID{org}},
		Attributes:  sso.AttributeMap{Email: "mail"},
		CreatedAt:   at, UpdatedAt: at, Turn: 1,
	}
}

func (w *world) addConnection(org sso.OrgID, key string) sso.Connection {
	w.Helper()
	c := w.connection(org, key)
	w.write(func(tx *store.Writer) error { return tx.Org(org).SaveConnection(w.ctx, c) })
	c.Version = 1
	return c
}

func (w *world) user(home sso.OrgID, name string) sso.User {
	w.Helper()
	at := w.later()
	return sso.User{
		ID: sso.NewUserID(at), Home: home, Username: name, Email: w.email(name + "@acme.example"), FirstName: "Zoë", LastName: "O'Neil",
		State: sso.UserActive, PasswordHash: "$argon2id$x", CreatedAt: at, UpdatedAt: at, Language: "de", CredentialsAt: at, LastSignInAt: at,
	}
}

func (w *world) addUser(home sso.OrgID, name string) sso.User {
	w.Helper()
	u := w.user(home, name)
	w.write(func(tx *store.Writer) error { return tx.Org(home).SaveUser(w.ctx, u) })
	u.Version = 1
	return u
}

func (w *world) addMember(org sso.OrgID, user sso.UserID) sso.Membership {
	w.Helper()
	at := w.later()
	m := sso.Membership{Org: org, User: user, Role: sso.RoleAdmin, Groups: []string{"staff", "ops"}, CreatedAt: at, UpdatedAt: at}
	w.write(func(tx *store.Writer) error { return tx.Org(org).SaveMembership(w.ctx, m) })
	return m
}

func (w *world) link(c sso.Connection, user sso.UserID, subject string) sso.Link {
	at := w.later()
	return sso.Link{Connection: c.ID, Org: c.Org, Subject: subject, User: user, Issuer: "https://idp.example", CreatedAt: at, SeenAt: at, Groups: []string{"Staff"}}
}

func (w *world) session(org sso.OrgID, user sso.UserID, connection sso.ConnectionID) (sso.Session, secret.Hash) {
	at := w.later()
	return sso.Session{
		ID: sso.NewSessionID(at), User: user, Org: org, Connection: connection, AMR: []string{"saml", "mfa"},
		AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(sso.SessionLife), EndedAt: time.Time{},
		Idle: 1800, UserAgent: "Mozilla/5.0", Address: "192.0.2.1", Actor: "usr_o", ActorSession: "ses_o", Reason: "ticket 4711",
		SAML: sso.SAMLSession{
			Subject: sso.SAMLSubject("named:alice"), NameID: "alice", Format: "f", NameQualifier: "q", SPNameQualifier: "s", SessionIndex: "_1", IssuedAt: at,
		},
	}, secret.NewToken().Hash()
}

func (w *world) addSession(org sso.OrgID, user sso.UserID) (sso.Session, secret.Hash) {
	w.Helper()
	s, token := w.session(org, user, "")
	w.write(func(tx *store.Writer) error { return tx.InsertSession(w.ctx, s, token) })
	return s, token
}

func (w *world) attempt() sso.Attempt {
	w.Helper()
	at := w.later()
	return sso.Attempt{
		ID: sso.NewAttemptID(at), Browser: secret.NewToken().Hash(), App: "app_x", Request: "client_id=portal&scope=openid", Org: "org_x",
		Typed: w.email("alice@acme.example"), Username: "alice", Connection: "con_x", Choices: []sso.ConnectionID{"con_x", "con_y"},
		Method: sso.BySSO, Fresh: true, Demand: sso.DemandKey, Session: "ses_x", Back: []byte("sealed"), Test: "tst_x", CreatedAt: at, ExpiresAt: at.Add(sso.AttemptLife), DoneAt: at,
		Hops: []sso.Hop{{Step: sso.HopIdentify, At: at, Host: "idp.example", By: sso.RouteDomain, Code: "x"}}, Reference: "7F3K-22QD",
		Waits: []sso.Wait{{Relay: []byte("hash"), Connection: "con_x", Request: "_x", Fresh: at, Left: at, Which: sso.Prepared, Turn: 7, Answered: true}},
		Proof: sso.Proof{
			User: "usr_x", Org: "org_x", Orgs: []sso.OrgID{"org_x"}, AMR: []string{"saml"}, At: at, NotAfter: at,
			SAML:  sso.SAMLSession{Subject: "s", NameID: "n", Format: "f", NameQualifier: "q", SPNameQualifier: "s", SessionIndex: "_s", IssuedAt: at},
			Needs: sso.NeedFactor, Second: sso.SecondTOTP, Factor: "fac_x", Password: "x", Remember: true, Session: "ses_x",
			First: &sso.First{Asserted: sso.Asserted{Subject: "s", Email: w.email("Alice@acme.example"), Groups: []string{"Staff"}}, Issuer: "https://idp.example", AMR: []string{"fed"}, At: at, NotAfter: at},
		},
	}
}

func (w *world) totp(user sso.UserID) sso.Factor {
	at := w.later()
	return sso.Factor{
		ID: sso.NewFactorID(at), User: user, Kind: sso.FactorTOTP, Name: "Telephone", Secret: []byte{1, 0, 255}, Step: 7, CreatedAt: at, UsedAt: at,
	}
}

func (w *world) passkey(user sso.UserID, credential string) sso.Factor {
	at := w.later()
	return sso.Factor{
		ID: sso.NewFactorID(at), User: user, Kind: sso.FactorPasskey, Name: "Key", CreatedAt: at,
		Passkey: &sso.Passkey{
			Credential: []byte(credential), PublicKey: []byte{1, 2}, AAGUID: []byte{3}, Transports: []string{"usb"}, Counter: 4,
			Verifies: true, BackupEligible: true, BackedUp: true,
		},
	}
}

func (w *world) addFactor(f sso.Factor) sso.Factor {
	w.Helper()
	w.write(func(tx *store.Writer) error { return tx.InsertFactor(w.ctx, f) })
	return f
}

func (w *world) trace(org sso.OrgID) sso.Trace {
	return sso.Trace{
		Reference: secret.NewReference(), Attempt: "att_x", Org: org, Connection: "con_x", User: "usr_x", Method: sso.BySSO, At: w.later(),
		Code: "saml_audience", Want: "a", Got: "<b>", Fix: "idp",
		Checks:  []sso.Check{{Rule: "saml.audience", Verdict: "fail", Want: "a", Got: "<b>"}},
		Address: "192.0.2.1", UserAgent: "Mozilla/5.0", Who: "alice@acme.example",
		Hops:   []sso.Hop{{Step: sso.HopAnswer, At: w.now, Host: "idp.example", Code: "saml_audience"}},
		Detail: sso.TraceDetail{Typed: "Alice@acme.example", Why: &sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Staff"}, Message: &sso.Message{NameID: "n", Attributes: []sso.Attribute{{Name: "mail", Values: []string{"a"}}}}},
	}
}
