package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// stage is who asks for pages, and what there is for them to look at. It is
// made once in a database and found again in the next run.
type stage struct {
	*server
	askers []asker // owners of organizations of several sizes
	busy   asker   // who has very many sessions and memberships
	root   asker   // an operator
}

// asker is somebody who is signed in.
type asker struct {
	name  string // in the report
	by    sso.By
	token secret.Token
	gaps  map[string]string // in paths, with what there is
}

// Who asks has this name, and so has what is made for them.
const (
	measured        = "measured"
	measuredRole    = "measured"
	measuredAddress = "measured@operators.example"
	importedRows    = 1000
)

// newStage makes what is missing.
func newStage(ctx context.Context, s *server) (*stage, error) {
	st := &stage{server: s}
	for _, size := range []struct {
		name string
		org  int
	}{
		{"large", 0}, {"mid", largeOrgs}, {"small", treeOrgs + 1}, {"seller", sellerOrg},
	} {
		a, err := st.owner(ctx, size.name, fmt.Sprintf("org-%d", size.org))
		if errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("the database holds no organization org-%d: fill it first, with sallyport dev fill", size.org)
		}
		if err != nil {
			return nil, err
		}
		st.askers = append(st.askers, a)
	}
	var err error
	if st.busy, err = st.somebody(ctx); err != nil {
		return nil, err
	}
	st.root, err = st.operator(ctx)
	return st, err
}

// clash makes a connection of the organization, a conflict at it, and a claim to
// a domain.
func (st *stage) clash(ctx context.Context, tx *store.Writer, a *asker, candidate sso.UserID) error {
	at, org := now(), tx.Org(a.by.Org.ID)
	key := measured + "-" + a.by.Org.Key
	c, err := tx.ConnectionByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		c = sso.Connection{
			ID: sso.NewConnectionID(at), Org: a.by.Org.ID, Key: key, Name: "Measured", Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft, FirstSignIn: sso.FirstCreate, CreatedAt: at, UpdatedAt: at,
			SAML: sso.SAML{Certificates: [][]byte{[]byte(measured), []byte(key)}, Encryption: sso.EncryptionAccepted},
		}
		k := store.DecryptionKey{ID: key, Connection: c.ID, Private: []byte(measured), Certificate: []byte(measured), State: store.KeyCurrent, Since: at, CreatedAt: at}
		err = errors.Join(org.SaveConnection(ctx, c), org.InsertDecryptionKey(ctx, k))
	}
	if err != nil {
		return err
	}
	domain := sso.NewDomain(c.Org, measured+".example", at)
	if err := org.SaveDomain(ctx, domain); err != nil {
		return err
	}
	a.gaps["domain"] = domain.Name
	hook := sso.Webhook{ID: sso.NewWebhookID(at), Org: c.Org, URL: "https://hooks.example/", Secret: []byte(measured), State: sso.WebhookDisabled, By: a.by.User.ID, CreatedAt: at, UpdatedAt: at}
	if err := org.SaveWebhook(ctx, hook); err != nil {
		return err
	}
	a.gaps["webhook"] = string(hook.ID)
	apiKey := sso.APIKey{ID: sso.NewAPIKeyID(at), Org: c.Org, Name: measured, Scopes: []sso.Scope{sso.ScopeUsersRead}, By: a.by.User.ID, CreatedAt: at}
	if err := tx.InsertAPIKey(ctx, apiKey, secret.NewToken().Hash()); err != nil {
		return err
	}
	a.gaps["apikey"] = string(apiKey.ID)
	t := sso.Trace{Reference: secret.NewReference(), Org: c.Org, Connection: c.ID, Method: sso.BySSO, At: at, Code: "saml_audience", Who: measuredAddress}
	if err := tx.InsertTrace(ctx, t); err != nil {
		return err
	}
	a.gaps["reference"] = t.Reference
	f := sso.Conflict{
		ID: sso.NewConflictID(at), Org: c.Org, Connection: c.ID, Subject: measured, SeenAt: at, Clash: sso.Clash{Kind: sso.ClashCandidates, Candidates: []sso.UserID{candidate}},
		Asserted: sso.Asserted{Subject: measured, Email: sso.StoredEmail(measuredAddress)},
	}
	if err := org.NoteConflict(ctx, f); err != nil {
		return err
	}
	all, err := org.Conflicts(ctx, sso.ConflictOpen, store.Place{}, 1)
	if err == nil && len(all) > 0 {
		a.gaps["connection"], a.gaps["conflict"], a.gaps["certificate"] = c.Key, string(all[0].ID), connect.Fingerprint([]byte(measured))
	}
	return err
}

// signIn gives somebody a session.
func (st *stage) signIn(ctx context.Context, tx *store.Writer, name string, org sso.Organization, u sso.User, role sso.Role) (asker, error) {
	at := now()
	m, err := tx.Org(org.ID).Membership(ctx, u.ID)
	if errors.Is(err, store.ErrNotFound) {
		m = sso.Membership{Org: org.ID, User: u.ID, Role: role, Groups: []string{measured}, CreatedAt: at, UpdatedAt: at}
		err = tx.Org(org.ID).SaveMembership(ctx, m)
	}
	if err != nil {
		return asker{}, err
	}
	session := sso.Session{
		ID: sso.NewSessionID(at), User: u.ID, Org: org.ID, AMR: []string{"pwd", "otp", "mfa"}, AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(sso.SessionLife), UserAgent: "Mozilla/5.0", Address: "192.0.2.1",
	}
	token := secret.NewToken()
	if err := tx.InsertSession(ctx, session, token.Hash()); err != nil {
		return asker{}, err
	}
	by := sso.By{Person: sso.Person{Session: session, User: u, Org: org, Membership: m}, Address: "192.0.2.1"}
	return asker{name: name, by: by, token: token, gaps: map[string]string{"key": org.Key}}, nil
}

// person returns the person of an organization with a username, who is made
// where they are missing.
func person(ctx context.Context, tx *store.Writer, org sso.OrgID, username string) (sso.User, error) {
	u, err := tx.Org(org).UserByUsername(ctx, username)
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	at := now()
	u = sso.User{ID: sso.NewUserID(at), Home: org, Username: username, FirstName: "Measured", State: sso.UserActive, PasswordHash: "$argon2id$none", CreatedAt: at, UpdatedAt: at, CredentialsAt: at}
	return u, tx.Org(org).SaveUser(ctx, u)
}

// owner signs an owner in, beside whom there is one of each thing that a path
// names.
func (st *stage) owner(ctx context.Context, name, key string) (a asker, err error) {
	err = st.db.Write(ctx, func(tx *store.Writer) error {
		org, err := tx.OrganizationByKey(ctx, key)
		if err != nil {
			return err
		}
		u, err := person(ctx, tx, org.ID, measured)
		if err != nil {
			return err
		}
		if a, err = st.signIn(ctx, tx, name, org, u, sso.RoleOwner); err != nil {
			return err
		}
		other, err := person(ctx, tx, org.ID, measured+"-member")
		if err != nil {
			return err
		}
		if _, err := st.signIn(ctx, tx, name, org, other, sso.RoleMember); err != nil {
			return err
		}
		a.gaps["user"] = string(other.ID)
		factors, err := tx.Factors(ctx, u.ID)
		if err != nil {
			return err
		}
		if len(factors) == 0 {
			factors = []sso.Factor{{ID: sso.NewFactorID(now()), User: u.ID, Kind: sso.FactorSMS, Name: "Phone", Phone: "+15550100", CreatedAt: now()}}
			if err := tx.InsertFactor(ctx, factors[0]); err != nil {
				return err
			}
		}
		a.gaps["factor"] = string(factors[0].ID)
		return st.clash(ctx, tx, &a, other.ID)
	})
	if err != nil {
		return a, err
	}
	if a.gaps["import"], err = st.imported(ctx, &a.by); err != nil {
		return a, err
	}
	in, err := st.people.Enter(ctx, &a.by, "")
	if err != nil {
		return a, err
	}
	// Of a large organization the group of everybody.
	for _, group := range []string{everybody, measured} {
		page, err := st.people.Groups(ctx, &in, group, provision.GroupPlace{})
		if err != nil {
			return a, err
		}
		if len(page.Groups) > 0 {
			a.gaps["group"] = string(page.Groups[0].ID)
			break
		}
	}
	return a, nil
}

// imported returns a list of people that was uploaded and looked at.
func (st *stage) imported(ctx context.Context, by *sso.By) (string, error) {
	var all []sso.Import
	err := st.db.Read(ctx, func(r *store.Reader) (err error) {
		all, err = r.Org(by.Org.ID).Imports(ctx, 1)
		return err
	})
	if err != nil || len(all) > 0 && all[0].State == sso.ImportReady {
		return importName(all), err
	}
	var file bytes.Buffer
	file.WriteString("email\n")
	for i := range importedRows {
		_, _ = fmt.Fprintf(&file, "imported.%d@guest.example\n", i)
	}
	id, err := st.people.Upload(ctx, by, by.Org.ID, provision.NewImport{Name: "people.csv", File: file.Bytes(), Role: string(sso.RoleMember)})
	for more := true; err == nil && more; {
		more, err = st.people.Work(ctx)
	}
	return string(id), err
}

func importName(all []sso.Import) string {
	if len(all) == 0 {
		return ""
	}
	return string(all[0].ID)
}

// somebody signs the person in who has most of everything.
func (st *stage) somebody(ctx context.Context) (a asker, err error) {
	err = st.db.Write(ctx, func(tx *store.Writer) error {
		org, err := tx.OrganizationByKey(ctx, "org-0")
		if err != nil {
			return err
		}
		u, err := tx.Org(org.ID).UserByUsername(ctx, "u0")
		if err != nil {
			return err
		}
		a, err = st.signIn(ctx, tx, "busy", org, u, sso.RoleMember)
		return err
	})
	return a, err
}

// operator signs an operator in.
func (st *stage) operator(ctx context.Context) (a asker, err error) {
	email, err := sso.ParseEmail(measuredAddress)
	if err != nil {
		return a, err
	}
	find := func(r *store.Reader) ([]store.UserAt, error) { return r.UsersByEmail(ctx, email) }
	var found []store.UserAt
	if err := st.db.Read(ctx, func(r *store.Reader) (err error) { found, err = find(r); return err }); err != nil {
		return a, err
	}
	if len(found) == 0 {
		if _, _, err := st.operations.AddOperator(ctx, measuredAddress, sso.RoleOwner); err != nil {
			return a, err
		}
	}
	var traces []sso.Trace
	var apiKey sso.APIKey
	stream := sso.Stream{Kind: sso.StreamSyslogTCP, Target: "siem.example:514", State: sso.WebhookDisabled}
	ours := sso.Webhook{URL: "https://hooks.example/", Secret: []byte(measured), State: sso.WebhookDisabled}
	app := measuredApp(now())
	err = st.db.Write(ctx, func(tx *store.Writer) error {
		org, err := tx.OrganizationByKey(ctx, sso.OperatorsKey)
		if err != nil {
			return err
		}
		if found, err = find(tx.Reader); err != nil {
			return err
		}
		if a, err = st.signIn(ctx, tx, "operator", org, found[0].User, sso.RoleOwner); err != nil {
			return err
		}
		if traces, err = tx.Org(st.askers[0].by.Org.ID).Traces(ctx, 1); err != nil {
			return err
		}
		if err := tx.SaveApp(ctx, app); err != nil {
			return err
		}
		ours.CreatedAt, ours.UpdatedAt = now(), now()
		ours.ID = sso.NewWebhookID(ours.CreatedAt)
		stream.CreatedAt, stream.UpdatedAt = now(), now()
		stream.ID = sso.NewStreamID(stream.CreatedAt)
		apiKey = sso.APIKey{ID: sso.NewAPIKeyID(stream.CreatedAt), Name: measured, Scopes: []sso.Scope{sso.ScopeUsersRead}, By: a.by.User.ID, CreatedAt: stream.CreatedAt}
		return errors.Join(tx.Org("").SaveWebhook(ctx, ours), tx.SaveStream(ctx, stream), tx.InsertAPIKey(ctx, apiKey, secret.NewToken().Hash()))
	})
	if err != nil {
		return a, err
	}
	err = st.operations.DefineRole(ctx, &a.by, measuredRole, "Measured", "")
	if err != nil && !fault.Is(err, "role_taken") {
		return a, err
	}
	a.gaps = map[string]string{
		"key": st.askers[0].by.Org.Key, "user": st.askers[0].gaps["user"], "role": measuredRole, "entitlement": string(sso.EntitledSSO),
		"domain": st.askers[0].gaps["domain"], "webhook": string(ours.ID), "stream": string(stream.ID), "apikey": string(apiKey.ID),
		"app": app.Key, "secret": string(app.Secrets[0].ID),
	}
	if len(traces) > 0 {
		a.gaps["reference"] = traces[0].Reference
	}
	return a, nil
}

// measuredApp is an app with something on each of its pages. Each stage has its
// own.
func measuredApp(at time.Time) sso.App {
	id := sso.NewAppID(at)
	key := measured + "-" + strings.TrimPrefix(string(id), "app_")
	return sso.App{
		ID: id, Key: key, Name: "Measured", ClientID: key, Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/cb"},
		Secrets: []sso.AppSecret{sso.NewAppSecret(secret.NewToken(), "operator", at)}, CreatedAt: at, UpdatedAt: at,
	}
}
