package operate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// AppList is a page of apps.
type AppList struct {
	Apps []sso.App
	Next string // key behind which the next page begins; "": there is none
}

// Apps lists apps by key: those that are found by what was typed, or all.
func (s *Service) Apps(ctx context.Context, by *sso.By, typed, after string) (AppList, error) {
	if err := mayHelp(by); err != nil {
		return AppList{}, err
	}
	var l AppList
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		all, err := r.ListApps(ctx, store.AppQuery{Typed: typed, After: after, Limit: PageSize + 1})
		l = AppList{Apps: all}
		if len(all) > PageSize {
			l = AppList{Apps: all[:PageSize], Next: all[PageSize-1].Key}
		}
		return err
	})
	return l, err
}

// AppView is an app with what its pages name beside it.
type AppView struct {
	sso.App
	Orgs  []sso.Organization // those of AllowedOrgs that are there
	Roles []sso.RoleDefinition
	Names map[string]string // of those who made its secrets
	Told  []Told            // the latest first, at most [LatestTold]
}

// LatestTold is how many logouts of an app are shown.
const LatestTold = 10

// Told is a logout of which an app was told by its back channel, or is to be.
type Told struct {
	User         sso.UserID
	Person, Org  string // names; "": not there any more
	State        ToldState
	Code, Detail string    // why the last try failed, and what the app said
	At           time.Time // the session was over
	Next         time.Time // zero: nobody tries any more
	Tries        int
}

// ToldState says how far an app has been told of a logout.
type ToldState string

// The states.
const (
	ToldWaiting = ToldState(store.MessageWaiting)
	ToldDone    = ToldState(store.MessageSent)
	ToldNever   = ToldState(store.MessageDead)
)

// App returns an app.
func (s *Service) App(ctx context.Context, by *sso.By, key string) (AppView, error) {
	if err := mayHelp(by); err != nil {
		return AppView{}, err
	}
	var v AppView
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		app, err := appOf(ctx, r, key)
		if err != nil {
			return err
		}
		v = AppView{App: app}
		if v.Orgs, err = r.OrganizationsByID(ctx, app.AllowedOrgs); err != nil {
			return err
		}
		if v.Roles, err = r.Roles(ctx); err != nil {
			return err
		}
		var makers []sso.Event
		for i := range app.Secrets {
			makers = append(makers, sso.Event{Actor: app.Secrets[i].CreatedBy})
		}
		if v.Names, err = r.NamesIn(ctx, makers); err != nil {
			return err
		}
		v.Told, err = told(ctx, r, app.ID)
		return err
	})
	return v, err
}

// told returns the latest logouts of an app, with whose they were.
func told(ctx context.Context, r *store.Reader, app sso.AppID) ([]Told, error) {
	notices, err := r.LogoutNotices(ctx, app, LatestTold)
	if err != nil || len(notices) == 0 {
		return nil, err
	}
	var people []sso.Event
	var ids []sso.OrgID
	for i := range notices {
		people, ids = append(people, sso.Event{Actor: string(notices[i].User)}), append(ids, notices[i].Org)
	}
	names, err := r.NamesIn(ctx, people)
	if err != nil {
		return nil, err
	}
	orgs, err := r.OrganizationsByID(ctx, ids)
	all := make([]Told, len(notices))
	for i := range notices {
		n := &notices[i]
		all[i] = Told{User: n.User, Person: names[string(n.User)], State: ToldState(n.State), Code: n.Code, Detail: n.Detail, At: n.CreatedAt, Tries: int(n.Tries)}
		if all[i].State == ToldWaiting {
			all[i].Next = n.DueAt
		}
		if at := slices.IndexFunc(orgs, func(o sso.Organization) bool { return o.ID == n.Org }); at >= 0 {
			all[i].Org = orgs[at].Name
		}
	}
	return all, err
}

// appOf reads an app by its key.
func appOf(ctx context.Context, r *store.Reader, key string) (sso.App, error) {
	a, err := r.AppByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return a, &fault.Error{Kind: fault.NotFound, Code: "app_unknown", Got: key, Fix: fault.OperatorSide}
	}
	return a, err
}

// NewApp says which app is to be made.
type NewApp struct {
	Key          string // its client ID, too
	Name         string
	Kind         sso.AppKind
	RedirectURIs []string
}

// CreateApp makes an app as most of its kind are, and its first secret where it
// keeps one. The secret is told once, here.
func (s *Service) CreateApp(ctx context.Context, by *sso.By, in NewApp) (sso.App, secret.Token, error) {
	if err := mayChange(by); err != nil {
		return sso.App{}, secret.Token{}, err
	}
	app := sso.StartingAs(in.Kind)
	app.Key, app.ClientID, app.Name, app.RedirectURIs = in.Key, in.Key, sso.CleanName(in.Name), in.RedirectURIs
	if app.Name == "" {
		return sso.App{}, secret.Token{}, nameEmpty()
	}
	if err := registration.Check(&app); err != nil {
		return sso.App{}, secret.Token{}, err
	}
	var text secret.Token
	err := s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		now := s.Now()
		app.ID, app.CreatedAt, app.UpdatedAt, app.Secrets, text = sso.NewAppID(now), now, now, nil, secret.Token{}
		if app.AuthMethod == sso.AuthSecret {
			text = secret.NewToken()
			app.Secrets = []sso.AppSecret{sso.NewAppSecret(text, string(by.User.ID), now)}
		}
		if err := tx.SaveApp(ctx, app); err != nil {
			if errors.Is(err, store.ErrConflict) { // the key, which is the client ID as well
				return &fault.Error{Kind: fault.Conflict, Code: "key_taken", Got: app.Key, Fix: fault.PersonSide}
			}
			return err
		}
		return recordApp(ctx, tx, by, now, "app.created", &sso.App{}, &app)
	})
	if err != nil {
		return sso.App{}, secret.Token{}, err
	}
	app.Version = 1
	return app, text, nil
}

func nameEmpty() error {
	return &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
}

// appTaken says that another app has the client ID.
func appTaken(err error, app *sso.App) error {
	if store.ConflictOn(err, store.AppClientID) {
		return &fault.Error{Kind: fault.Conflict, Code: "app_client_id_taken", Want: "a client_id that no other app has", Got: app.ClientID, Fix: fault.OperatorSide}
	}
	return err
}

// ChangeApp changes settings of an app, of the version that whoever changes it
// has looked at; 0 stands for the latest. Secrets, the logo, the key and how
// often it was saved are not changed so.
func (s *Service) ChangeApp(ctx context.Context, by *sso.By, key string, version int64, change func(*sso.App) error) error {
	return s.changeApp(ctx, by, key, version, func(_ *store.Writer, app *sso.App) error {
		logo := app.Brand.Logo
		err := change(app)
		app.Brand.Logo = logo
		return err
	})
}

// AppBrand is how the sign-in pages are to look for who comes to them by an app.
type AppBrand struct {
	Name   string // of the product; "": the organization's, or the deployment's
	Accent string // colour, as #rrggbb; "": likewise
	Logo   sso.NewLogo
}

// SaveAppBrand changes how the sign-in pages look for an app, of a version as in
// [Service.ChangeApp].
func (s *Service) SaveAppBrand(ctx context.Context, by *sso.By, key string, version int64, to AppBrand) error {
	accent, wrong := sso.ParseAccent(to.Accent)
	logo, err := to.Logo.Drawn()
	if err := errors.Join(wrong, err); err != nil {
		return err
	}
	return s.changeApp(ctx, by, key, version, func(tx *store.Writer, app *sso.App) error {
		was := app.Brand.Logo
		app.Brand = sso.Brand{Name: sso.CleanName(to.Name), Accent: accent, Logo: sso.LogoAfter(app.ID, was, logo)}
		if app.Brand.Logo == was {
			return nil
		}
		return tx.SaveAppLogo(ctx, app.ID, app.Brand.Logo, logo.Picture, s.Now())
	})
}

func (s *Service) changeApp(ctx context.Context, by *sso.By, key string, version int64, change func(*store.Writer, *sso.App) error) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		was, err := appOf(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		if version != 0 && version != was.Version {
			return &fault.Error{Kind: fault.Conflict, Code: "app_moved", Got: key, Fix: fault.PersonSide}
		}
		app := was
		if err := by.Program.Become(&was); err != nil {
			return err
		}
		if err := change(tx, &app); err != nil {
			return err
		}
		if err := by.Program.Become(&app); err != nil {
			return err
		}
		app.ID, app.Key, app.Secrets, app.Version, app.CreatedAt = was.ID, was.Key, was.Secrets, was.Version, was.CreatedAt
		if app.Name = sso.CleanName(app.Name); app.Name == "" {
			return nameEmpty()
		}
		if err := knownRoles(ctx, tx.Reader, app.AllowedRoles); err != nil {
			return err
		}
		// Who proves itself otherwise from now on keeps no secret beside it.
		retired := app.Secrets
		if app.AuthMethod != sso.AuthSecret {
			app.Secrets = nil
		}
		if err := registration.Check(&app); err != nil {
			return err
		}
		if len(app.Settings().Changed(was.Settings())) == 0 {
			return nil
		}
		app.UpdatedAt = s.Now()
		if err := tx.SaveApp(ctx, app); err != nil {
			return appTaken(err, &app)
		}
		if app.Secrets == nil {
			for i := range retired {
				if err := tx.DeleteAppSecret(ctx, app.ID, retired[i].ID); err != nil {
					return err
				}
			}
		}
		return recordApp(ctx, tx, by, app.UpdatedAt, "app.changed", &was, &app)
	})
}

// knownRoles refuses a role that there is not.
func knownRoles(ctx context.Context, r *store.Reader, roles []sso.Role) error {
	var defined []sso.RoleDefinition
	for _, role := range roles {
		if role.BuiltIn() {
			continue
		}
		if defined == nil {
			var err error
			if defined, err = r.Roles(ctx); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(defined, func(d sso.RoleDefinition) bool { return d.Key == role }) {
			return unknownRole(role)
		}
	}
	return nil
}

// OrganizationsOf returns the organizations of these keys, for who may enter an
// app.
func (s *Service) OrganizationsOf(ctx context.Context, by *sso.By, keys []string) ([]sso.OrgID, error) {
	if err := mayChange(by); err != nil {
		return nil, err
	}
	if len(keys) > sso.MaxAllowedOrgs {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "app_settings", Want: "at most 200 organizations", Fix: fault.OperatorSide}
	}
	var ids []sso.OrgID
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		ids = nil
		for _, key := range keys {
			o, err := organization(ctx, r, key)
			if err != nil {
				return err
			}
			ids = append(ids, o.ID)
		}
		return nil
	})
	return ids, err
}

// recordApp writes down what became of an app, with its settings before and
// after.
func recordApp(ctx context.Context, tx *store.Writer, by *sso.By, now time.Time, action string, was, app *sso.App) error {
	e := by.Event(now, action, string(cmp.Or(app.ID, was.ID)), map[string]string{"key": cmp.Or(app.Key, was.Key)})
	e.Org, e.Changes = "", app.Settings().Changed(was.Settings())
	return tx.Record(ctx, e)
}

// DeleteApp deletes an app, with all that it was given.
func (s *Service) DeleteApp(ctx context.Context, by *sso.By, key string) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		app, err := appOf(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		if err := tx.DeleteApp(ctx, app.ID); err != nil {
			return err
		}
		return recordApp(ctx, tx, by, s.Now(), "app.deleted", &app, &sso.App{})
	})
}

// AddAppSecret makes a secret of an app, to be told once, here.
func (s *Service) AddAppSecret(ctx context.Context, by *sso.By, key string) (secret.Token, error) {
	if err := mayChange(by); err != nil {
		return secret.Token{}, err
	}
	var text secret.Token
	err := s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		app, err := appOf(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		if err := by.Program.Become(&app); err != nil {
			return err
		}
		if err := app.MayAddSecret(); err != nil {
			return err
		}
		now := s.Now()
		text = secret.NewToken()
		added := sso.NewAppSecret(text, string(by.User.ID), now)
		err = tx.InsertAppSecret(ctx, app.ID, added)
		if store.ConflictOn(err, store.AppSecretPlace) { // somebody was quicker
			app.Secrets = make([]sso.AppSecret, sso.MaxAppSecrets)
			return app.MayAddSecret()
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, by, now, "", "app.secret_added", string(app.ID), map[string]string{"key": app.Key}, sso.Change{Field: "secret", To: string(added.ID)})
	})
	if err != nil {
		return secret.Token{}, err
	}
	return text, nil
}

// RetireAppSecret has a secret of an app be good for nothing from now on.
func (s *Service) RetireAppSecret(ctx context.Context, by *sso.By, key string, id sso.AppSecretID) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		app, err := appOf(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		if err := tx.DeleteAppSecret(ctx, app.ID, id); err != nil {
			return err
		}
		return record(ctx, tx, by, s.Now(), "", "app.secret_retired", string(app.ID), map[string]string{"key": app.Key}, sso.Change{Field: "secret", From: string(id)})
	})
}
