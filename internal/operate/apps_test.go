package operate_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func newPortal() operate.NewApp {
	return operate.NewApp{Key: "portal", Name: " Portal ", Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/cb"}}
}

// appEvents returns what the deployment's audit list says of apps, the latest
// last.
func (h *house) appEvents() (all []sso.Event) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		p, err := tx.Reader.ListEvents(h.Context(), store.EventQuery{Limit: 50})
		all = nil
		for i := len(p.Events) - 1; i >= 0; i-- {
			if e := p.Events[i]; e.Noun() == "app" {
				all = append(all, e)
			}
		}
		return err
	})
	return all
}

// changed returns what an event says before and after, by setting.
func changed(e *sso.Event) map[string]string {
	all := map[string]string{}
	for _, c := range e.Changes {
		all[c.Field] = c.From + " → " + c.To
	}
	return all
}

func (h *house) app(key string) sso.App {
	h.Helper()
	v, err := h.App(h.Context(), &h.operator, key)
	if err != nil {
		h.Fatal(err)
	}
	return v.App
}

func TestAnAppIsMadeAsMostOfItsKindAre(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for _, tc := range []struct {
			in       operate.NewApp
			secret   bool
			grants   string
			redirect bool
		}{
			{newPortal(), true, "authorization_code refresh_token", true},
			{operate.NewApp{Key: "spa", Name: "SPA", Kind: sso.AppSPA, RedirectURIs: []string{"https://spa.example/"}}, false, "authorization_code refresh_token", true},
			{operate.NewApp{Key: "cli", Name: "CLI", Kind: sso.AppNative, RedirectURIs: []string{"http://127.0.0.1/"}}, false, "authorization_code refresh_token device_code", true},
			{operate.NewApp{Key: "job", Name: "Job", Kind: sso.AppMachine}, true, "client_credentials", false},
		} {
			h.now = h.now.Add(time.Second)
			made, text, err := h.CreateApp(h.Context(), &h.operator, tc.in)
			if err != nil {
				h.Fatalf("%s: CreateApp() = %v", tc.in.Key, err)
			}
			app := h.app(tc.in.Key)
			var grants []string
			for _, g := range app.GrantTypes {
				grants = append(grants, string(g))
			}
			_, good := app.SecretOf(text.Sum())
			if good != tc.secret || text.IsZero() == tc.secret || app.Public() == tc.secret || strings.Join(grants, " ") != tc.grants || app.ClientID != tc.in.Key || app.ID != made.ID || (len(app.RedirectURIs) > 0) != tc.redirect {
				h.Errorf("%s: %+v, and a secret: %v", tc.in.Key, app, !text.IsZero())
			}
		}
		if app := h.app("portal"); app.Name != "Portal" || app.Secrets[0].CreatedBy != string(h.operator.User.ID) {
			h.Errorf("the app is %+v", app)
		}
		if e := h.appEvents()[0]; e.Action != "app.created" || e.Org != "" || e.Actor != string(h.operator.User.ID) || e.Address != "192.0.2.1" || changed(&e)["redirect_uris"] != " → https://app.example/cb" {
			h.Errorf("the audit list says %+v", e)
		}
		for code, in := range map[string]operate.NewApp{
			"key_taken":        newPortal(),
			"key_form":         {Key: "Portal", Name: "x", Kind: sso.AppMachine},
			"name_empty":       {Key: "x", Name: " \u202E ", Kind: sso.AppMachine},
			"app_settings":     {Key: "x", Name: "x", Kind: "fridge", RedirectURIs: []string{"https://app.example/"}},
			"app_redirect_uri": {Key: "x", Name: "x", Kind: sso.AppWeb, RedirectURIs: []string{"http://app.example/"}},
		} {
			if _, text, err := h.CreateApp(h.Context(), &h.operator, in); !fault.Is(err, code) || !text.IsZero() {
				h.Errorf("CreateApp() = %v, want %s, and no secret", err, code)
			}
		}
	})
}

func TestOperatorsAloneChangeApps(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		if _, _, err := h.CreateApp(ctx, &h.operator, newPortal()); err != nil {
			h.Fatal(err)
		}
		kept := h.app("portal")
		changes := map[string]func(*sso.By) error{
			"create": func(by *sso.By) error {
				_, _, err := h.CreateApp(ctx, by, operate.NewApp{Key: "x", Name: "x", Kind: sso.AppMachine})
				return err
			},
			"change": func(by *sso.By) error {
				return h.ChangeApp(ctx, by, "portal", 0, func(a *sso.App) error { a.Disabled = true; return nil })
			},
			"add a secret": func(by *sso.By) error {
				_, err := h.AddAppSecret(ctx, by, "portal")
				return err
			},
			"retire a secret": func(by *sso.By) error { return h.RetireAppSecret(ctx, by, "portal", kept.Secrets[0].ID) },
			"organizations": func(by *sso.By) error {
				_, err := h.OrganizationsOf(ctx, by, []string{"acme"})
				return err
			},
			"delete": func(by *sso.By) error { return h.DeleteApp(ctx, by, "portal") },
		}
		for name, change := range changes {
			for who, by := range map[string]*sso.By{"a support agent": &h.support, "an owner elsewhere": &h.alice} {
				if err := change(by); !fault.Is(err, "operator_role") {
					h.Errorf("%s by %s: %v, want operator_role", name, who, err)
				}
			}
		}
		for name, look := range map[string]func(*sso.By) error{
			"list": func(by *sso.By) error { _, err := h.Apps(ctx, by, "", ""); return err },
			"look": func(by *sso.By) error { _, err := h.App(ctx, by, "portal"); return err },
		} {
			if err := look(&h.support); err != nil {
				h.Errorf("%s by a support agent: %v", name, err)
			}
			if err := look(&h.alice); !fault.Is(err, "page_not_found") {
				h.Errorf("%s by an owner elsewhere: %v, want page_not_found", name, err)
			}
		}
		if got := h.app("portal"); got.Version != kept.Version || len(got.Secrets) != 1 || len(h.appEvents()) != 1 {
			h.Errorf("the app is %+v after %d events", got, len(h.appEvents()))
		}
		for _, name := range []string{"organizations", "change", "add a secret", "retire a secret", "create", "delete"} {
			if err := changes[name](&h.operator); err != nil {
				h.Errorf("%s by an operator: %v", name, err)
			}
		}
	})
}

func TestSettingsOfAnAppAreChangedAndSaidBeforeAndAfter(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		if _, _, err := h.CreateApp(ctx, &h.operator, newPortal()); err != nil {
			h.Fatal(err)
		}
		was := h.app("portal")
		change := func(version int64, change func(*sso.App)) error {
			h.now = h.now.Add(time.Second)
			return h.ChangeApp(ctx, &h.operator, "portal", version, func(a *sso.App) error {
				change(a)
				return nil
			})
		}
		if err := change(was.Version, func(*sso.App) {}); err != nil || h.app("portal").Version != was.Version {
			h.Errorf("no change: %v, version %d", err, h.app("portal").Version)
		}
		err := change(was.Version, func(a *sso.App) {
			a.Name, a.RequirePAR, a.AllowedRoles = " Portal 2 ", true, []sso.Role{sso.RoleOwner}
			a.ID, a.Key, a.Secrets, a.Version, a.CreatedAt = "app_x", "other", nil, 7, h.now.Add(1) // not changed so
		})
		got := h.app("portal")
		if err != nil || got.Name != "Portal 2" || !got.RequirePAR || got.ID != was.ID || len(got.Secrets) != 1 || got.Version != was.Version+1 {
			h.Fatalf("ChangeApp() = %v, and the app is %+v", err, got)
		}
		events := h.appEvents()
		if e := events[len(events)-1]; e.Action != "app.changed" || e.Target != string(was.ID) || changed(&e)["name"] != "Portal → Portal 2" || changed(&e)["require_par"] != " → true" || changed(&e)["allowed_roles"] != " → owner" || len(e.Changes) != 3 {
			h.Errorf("the audit list says %+v", e)
		}
		// Somebody has opened the form before, and sends it now.
		if err := change(was.Version, func(a *sso.App) { a.Name = "Old" }); !fault.Is(err, "app_moved") {
			h.Errorf("a form of before: %v, want app_moved", err)
		}
		for code, bad := range map[string]func(*sso.App){
			"app_redirect_uri": func(a *sso.App) { a.RedirectURIs = append(a.RedirectURIs, "https://*.example/") },
			"role_unknown":     func(a *sso.App) { a.AllowedRoles = []sso.Role{"auditor"} },
			"name_empty":       func(a *sso.App) { a.Name = "" },
			"app_keys":         func(a *sso.App) { a.AuthMethod = sso.AuthPrivateKeyJWT },
		} {
			if err := change(0, bad); !fault.Is(err, code) {
				h.Errorf("ChangeApp() = %v, want %s", err, code)
			}
		}
		if err := h.ChangeApp(ctx, &h.operator, "nobody", 0, func(*sso.App) error { return nil }); !fault.Is(err, "app_unknown") {
			h.Errorf("an app that is none: %v", err)
		}
		// Who proves itself in another way has no secret left over.
		if err := change(0, func(a *sso.App) { a.AuthMethod = sso.AuthNone }); err != nil || len(h.app("portal").Secrets) != 0 {
			h.Errorf("public: %v, %d secrets", err, len(h.app("portal").Secrets))
		}
		if _, err := h.AddAppSecret(ctx, &h.operator, "portal"); !fault.Is(err, "app_secret_none") {
			h.Errorf("a secret for a public app: %v", err)
		}
		if _, err := h.OrganizationsOf(ctx, &h.operator, []string{"acme", "nobody"}); !fault.Is(err, "organization_unknown") {
			h.Errorf("an organization that is none: %v", err)
		}
		if ids, err := h.OrganizationsOf(ctx, &h.operator, []string{"acme"}); err != nil || len(ids) != 1 || ids[0] != h.alice.Org.ID {
			h.Errorf("OrganizationsOf() = %v, %v", ids, err)
		}
	})
}

func TestSecretsTakeTurnsAndAreShownOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		_, first, err := h.CreateApp(ctx, &h.operator, newPortal())
		if err != nil {
			h.Fatal(err)
		}
		h.now = h.now.Add(time.Second)
		second, err := h.AddAppSecret(ctx, &h.operator, "portal")
		if err != nil {
			h.Fatal(err)
		}
		app := h.app("portal")
		for name, text := range map[string]secret.Token{"first": first, "second": second} {
			if _, good := app.SecretOf(text.Sum()); !good {
				h.Errorf("the %s is not good", name)
			}
		}
		if _, err := h.AddAppSecret(ctx, &h.operator, "portal"); !fault.Is(err, "app_secrets_full") {
			h.Errorf("a third: %v, want app_secrets_full", err)
		}
		old, _ := app.SecretOf(first.Sum())
		if err := h.RetireAppSecret(ctx, &h.operator, "portal", old.ID); err != nil {
			h.Fatal(err)
		}
		if err := h.RetireAppSecret(ctx, &h.operator, "portal", old.ID); !fault.Is(err, "not_found") {
			h.Errorf("retired again: %v", err)
		}
		app = h.app("portal")
		if _, good := app.SecretOf(first.Sum()); good || len(app.Secrets) != 1 {
			h.Errorf("the first is good still: %+v", app.Secrets)
		}
		var said []string
		for _, e := range h.appEvents() {
			said = append(said, e.Action)
			for _, v := range e.Detail {
				if strings.Contains(v, first.Reveal()) || strings.Contains(v, second.Reveal()) {
					h.Error("the audit list tells a secret")
				}
			}
		}
		if got := strings.Join(said, " "); !strings.Contains(got, "app.secret_added") || !strings.Contains(got, "app.secret_retired") {
			h.Errorf("the audit list says %s", got)
		}
		// Another app's secret is not retired through this one.
		other, _, err := h.CreateApp(ctx, &h.operator, operate.NewApp{Key: "job", Name: "Job", Kind: sso.AppMachine})
		if err != nil {
			h.Fatal(err)
		}
		if err := h.RetireAppSecret(ctx, &h.operator, "portal", h.app(other.Key).Secrets[0].ID); !fault.Is(err, "not_found") {
			h.Errorf("another app's: %v", err)
		}
	})
}

// Operators press the button at once: one of them gets the second secret, and
// nobody a third.
func TestTwoOperatorsAddASecretAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		if _, _, err := h.CreateApp(ctx, &h.operator, newPortal()); err != nil {
			h.Fatal(err)
		}
		const racers = 8
		var all sync.WaitGroup
		start := make(chan struct{})
		errs := make([]error, racers)
		texts := make([]secret.Token, racers)
		for i := range racers {
			all.Go(func() {
				<-start
				texts[i], errs[i] = h.AddAppSecret(ctx, &h.operator, "portal")
			})
		}
		close(start)
		all.Wait()
		app, won := h.app("portal"), 0
		for i, err := range errs {
			_, good := app.SecretOf(texts[i].Sum())
			switch {
			case err == nil && good:
				won++
			case err == nil, good, !fault.Is(err, "app_secrets_full"), !texts[i].IsZero():
				h.Errorf("AddAppSecret() = %v, and it is good: %v", err, good)
			}
		}
		if won != 1 || len(app.Secrets) != sso.MaxAppSecrets {
			h.Errorf("%d operators add a secret, and %d are good, want one and 2", won, len(app.Secrets))
		}
	})
}

func TestADeletedAppIsGone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		if _, _, err := h.CreateApp(ctx, &h.operator, newPortal()); err != nil {
			h.Fatal(err)
		}
		h.now = h.now.Add(time.Second)
		if err := h.DeleteApp(ctx, &h.operator, "portal"); err != nil {
			h.Fatal(err)
		}
		if _, err := h.App(ctx, &h.operator, "portal"); !fault.Is(err, "app_unknown") {
			h.Errorf("App() = %v, want app_unknown", err)
		}
		if err := h.DeleteApp(ctx, &h.operator, "portal"); !fault.Is(err, "app_unknown") {
			h.Errorf("deleted again: %v", err)
		}
		events := h.appEvents()
		if e := events[len(events)-1]; e.Action != "app.deleted" || e.Detail["key"] != "portal" || changed(&e)["client_id"] != "portal → " {
			h.Errorf("the audit list says %+v", e)
		}
	})
}

func TestAppsAreFoundPageByPage(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.write(func(tx *store.Writer) error {
			for i := range operate.PageSize + 1 {
				key := "app-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
				a := sso.App{ID: sso.NewAppID(h.now), Key: key, Name: key, ClientID: key, Kind: sso.AppMachine, CreatedAt: h.now, UpdatedAt: h.now}
				if err := tx.SaveApp(ctx, a); err != nil {
					return err
				}
			}
			return nil
		})
		first, err := h.Apps(ctx, &h.support, "", "")
		if err != nil || len(first.Apps) != operate.PageSize || first.Next == "" {
			h.Fatalf("Apps() = %d, %q, %v", len(first.Apps), first.Next, err)
		}
		second, err := h.Apps(ctx, &h.support, "", first.Next)
		if err != nil || len(second.Apps) != 1 || second.Next != "" {
			h.Errorf("the second page: %d, %q, %v", len(second.Apps), second.Next, err)
		}
		found, err := h.Apps(ctx, &h.support, "PP-BA", "")
		if err != nil || len(found.Apps) != 1 || found.Apps[0].Key != "app-ba" {
			h.Errorf("found: %+v, %v", found, err)
		}
	})
}
