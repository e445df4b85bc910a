package provision

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// importing is the work on a list.
type importing struct {
	act
	options sso.ImportOptions
	own     map[string]bool             // domains that the organization or one above it has proved
	below   map[string]sso.Organization // by key
	roles   map[string]sso.Role
	managed error // why nobody is added; nil: who is new is added
}

// knowDomains reads which domains people of the organization are expected in.
func (a *importing) knowDomains() error {
	a.own, a.below, a.roles = map[string]bool{}, map[string]sso.Organization{}, map[string]sso.Role{}
	for _, id := range a.place.Path {
		domains, err := a.tx.Org(id).Domains(a.ctx)
		if err != nil {
			return err
		}
		for i := range domains {
			if domains[i].State == sso.DomainVerified {
				a.own[domains[i].Name] = true
			}
		}
	}
	if err := a.listedByHand(); err != nil {
		if !fault.Is(err, "people_managed") {
			return err
		}
		a.managed = err
	}
	return nil
}

// plan is what a row would do.
type plan struct {
	email    sso.Email
	username string
	role     sso.Role
	groups   []string
	orgs     []sso.Organization
	language string
	them     *sso.Standing // whom it is about; nil: somebody new
	profile  bool          // the user changes, not just what they are here
	outside  bool          // the address is of no domain of the organization
}

// judge says what a row would do. What is wrong with the row is its verdict;
// an error is not the row's.
func (a *importing) judge(r *sso.ImportRow) (plan, error) {
	r.Code, r.Detail, r.Changes, r.User = "", "", nil, ""
	p, err := a.read(&r.Row)
	if err == nil {
		err = a.whom(&p)
	}
	if err == nil && p.them != nil {
		r.User = p.them.User.ID
		r.Changes, err = a.changes(&p, &r.Row)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		r.Verdict, r.Code, r.Detail = sso.RowBad, f.Code, f.Got
		if f.Code == "ident_foreign" {
			r.Verdict = sso.RowForeign
		}
		return p, nil
	}
	if err != nil {
		return p, err
	}
	switch {
	case p.them == nil:
		r.Verdict = sso.RowNew
		if p.outside {
			r.Code, r.Detail = "import_outside", p.email.Domain()
		}
	case len(r.Changes) > 0:
		r.Verdict = sso.RowChanged
	default:
		r.Verdict = sso.RowSame
	}
	return p, nil
}

// read judges the values of a row by themselves.
func (a *importing) read(r *sso.PersonRow) (plan, error) {
	var p plan
	var err error
	if r.Email != "" {
		if p.email, err = sso.ParseEmail(r.Email); err != nil {
			return p, err
		}
	}
	if r.Username != "" {
		if p.username, err = sso.ParseUsername(r.Username); err != nil {
			return p, err
		}
	}
	if r.Email == "" && r.Username == "" {
		return p, &fault.Error{Kind: fault.Invalid, Code: "ident_email", Want: "an address or a username", Fix: fault.PersonSide}
	}
	if p.role, err = a.role(cmp.Or(r.Role, string(a.options.Role))); err != nil {
		return p, err
	}
	if err := a.rights.Give(p.role); err != nil {
		return p, err
	}
	if p.groups, err = groupNames(r.Groups); err != nil {
		return p, err
	}
	for _, key := range r.Organizations {
		o, err := a.organization(key)
		if err != nil {
			return p, err
		}
		p.orgs = append(p.orgs, o)
	}
	if p.language, err = sso.ParseLanguage(r.Language); err != nil {
		return p, err
	}
	if r.PasswordHash != "" {
		if err := password.CheckFair(r.PasswordHash); err != nil {
			return p, &fault.Error{Kind: fault.Invalid, Code: fault.From(err).Code, Fix: fault.PersonSide} // not the hash itself
		}
		if a.by.Session.ActedAs() {
			return p, &fault.Error{Kind: fault.Denied, Code: "acting_credentials", Fix: fault.OperatorSide}
		}
	}
	return p, nil
}

// role returns a role by its name. Each is looked up once.
func (a *importing) role(name string) (sso.Role, error) {
	if r, ok := a.roles[name]; ok {
		return r, nil
	}
	r, err := role(a.ctx, a.tx.Reader, name)
	if err == nil {
		a.roles[name] = r
	}
	return r, err
}

// organization returns an organization below by its key. Each is looked up
// once.
func (a *importing) organization(key string) (sso.Organization, error) {
	if o, ok := a.below[key]; ok {
		return o, nil
	}
	o, err := a.tx.OrganizationByKey(a.ctx, key)
	if errors.Is(err, store.ErrNotFound) || err == nil && !o.Within(a.place.ID) {
		return o, &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: key, Fix: fault.PersonSide}
	}
	if err == nil {
		a.below[key] = o
	}
	return o, err
}

// whom finds out whom a row is about. Nobody of the tree is doubled.
func (a *importing) whom(p *plan) error {
	var id sso.UserID
	if !p.email.IsZero() {
		users, err := a.tx.UsersByEmail(a.ctx, p.email)
		if err != nil {
			return err
		}
		if id, err = a.resident(users, p.email.String()); err != nil {
			return err
		}
	}
	if id == "" && p.username != "" {
		u, err := a.org.UserByUsername(a.ctx, p.username)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case !p.email.IsZero() && !u.Email.Same(p.email):
			return &fault.Error{Kind: fault.Conflict, Code: "username_taken", Got: p.username, Fix: fault.PersonSide}
		case u.State == sso.UserDeleted:
			return (&u).MaySignIn()
		default:
			id = u.ID
		}
	}
	if id == "" {
		return a.somebodyNew(p)
	}
	them, err := a.tx.Standing(a.ctx, id)
	p.them = &them
	return err
}

// resident returns the one of several with an address whom the organization
// can mean: at home in it or below, or a member.
func (a *importing) resident(users []store.UserAt, address string) (sso.UserID, error) {
	var found []sso.UserID
	taken := false
	for i := range users {
		u := &users[i]
		if u.State == sso.UserDeleted {
			continue
		}
		if slices.Contains(u.HomePath, a.place.ID) {
			found = append(found, u.ID)
			continue
		}
		_, err := a.org.Membership(a.ctx, u.ID)
		switch {
		case err == nil:
			found = append(found, u.ID)
		case !errors.Is(err, store.ErrNotFound):
			return "", err
		default:
			taken = taken || len(u.HomePath) > 0 && u.HomePath[0] == a.place.Path[0]
		}
	}
	switch {
	case len(found) > 1:
		return "", &fault.Error{Kind: fault.Conflict, Code: "ident_conflict", Want: "exactly one user", Got: address, Fix: fault.PersonSide}
	case len(found) == 1:
		return found[0], nil
	case taken:
		return "", &fault.Error{Kind: fault.Conflict, Code: "address_taken", Got: address, Fix: fault.PersonSide}
	default:
		return "", nil
	}
}

// somebodyNew judges whether the person may be made.
func (a *importing) somebodyNew(p *plan) error {
	if a.managed != nil {
		return a.managed
	}
	if p.email.IsZero() {
		return nil
	}
	c, err := routing.Claim(a.ctx, a.tx.Reader, p.email)
	if err != nil {
		return err
	}
	p.outside = c == nil && len(a.own) > 0
	return a.rights.GiveAddress(p.email, &a.place, c)
}

// changes returns what a row changes about somebody who is there, and refuses
// what may not be changed.
func (a *importing) changes(p *plan, r *sso.PersonRow) ([]string, error) {
	u := &p.them.User
	var profile, changed []string
	for _, f := range []struct {
		name     string
		is, want string
	}{
		{"first_name", u.FirstName, sso.CleanName(r.FirstName)}, {"last_name", u.LastName, sso.CleanName(r.LastName)},
		{"username", sso.UsernameKey(u.Username), sso.UsernameKey(p.username)}, {"language", u.Language, p.language},
	} {
		if f.want != "" && f.want != f.is {
			profile = append(profile, f.name)
		}
	}
	if r.PasswordHash != "" && u.PasswordHash == "" {
		profile = append(profile, "password")
	}
	if slices.Contains(profile, "username") {
		_, err := a.tx.Org(u.Home).UserByUsername(a.ctx, p.username)
		if err == nil {
			return nil, &fault.Error{Kind: fault.Conflict, Code: "username_taken", Got: p.username, Fix: fault.PersonSide}
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	if len(profile) > 0 {
		p.profile = true
		if err := a.rights.Manage(p.them); err != nil {
			return nil, err
		}
	}
	at := slices.IndexFunc(p.them.Positions, func(pos sso.Position) bool { return pos.Org == a.place.ID })
	if at < 0 {
		if a.managed != nil {
			return nil, a.managed
		}
		changed = append(changed, "member")
	} else {
		pos := p.them.Positions[at]
		if r.Role != "" && pos.Role != p.role {
			if err := a.rights.ChangeRole(&pos, p.role); err != nil {
				return nil, err
			}
			changed = append(changed, "role")
		}
		if len(p.groups) > 0 && !sameGroups(pos.Groups, p.groups) {
			if err := a.rights.Touch(&pos); err != nil {
				return nil, err
			}
			changed = append(changed, "groups")
		}
	}
	for i := range p.orgs {
		if !slices.ContainsFunc(p.them.Positions, func(pos sso.Position) bool { return pos.Org == p.orgs[i].ID }) && p.orgs[i].ID != a.place.ID {
			changed = append(changed, "organization "+p.orgs[i].Key)
		}
	}
	return append(profile, changed...), nil
}

// carryOut does what a row says. It is judged anew: since it was shown to
// somebody, another list may have been carried out. A row whose mail may not be
// sent any more does nothing and is mail_budget.
func (a *importing) carryOut(i *sso.Import, r *sso.ImportRow) error {
	p, err := a.judge(r)
	if err != nil {
		return err
	}
	if r.Verdict == sso.RowNew && welcomes(i, r, &p) {
		if err := a.Limits.Letter(a.ctx, a.tx, a.place.Path[0]); err != nil {
			return err
		}
	}
	i.Done++
	r.DoneAt = a.now
	switch r.Verdict {
	case sso.RowNew:
		err = a.make(&p, r, i)
	case sso.RowChanged:
		err = a.alter(&p, r, i)
	case sso.RowSame:
	default:
		i.Failed++
	}
	return err
}

// welcomes reports whether somebody new is mailed how to set up credentials.
func welcomes(i *sso.Import, r *sso.ImportRow, p *plan) bool {
	return i.Options.Welcome && r.Row.PasswordHash == "" && !p.email.IsZero()
}

// make makes somebody new.
func (a *importing) make(p *plan, r *sso.ImportRow, i *sso.Import) error {
	u := sso.User{
		ID: sso.NewUserID(a.now), Home: a.place.ID, Username: p.username, Email: p.email, FirstName: sso.CleanName(r.Row.FirstName),
		LastName: sso.CleanName(r.Row.LastName), State: sso.UserActive, Language: p.language, CreatedAt: a.now, UpdatedAt: a.now,
	}
	u.SetPassword(r.Row.PasswordHash, a.now)
	r.User = u.ID
	if err := a.org.SaveUser(a.ctx, u); err != nil {
		return err
	}
	if err := a.join(a.place.ID, u.ID, p.role, p.groups); err != nil {
		return err
	}
	for j := range p.orgs {
		if p.orgs[j].ID == a.place.ID {
			continue
		}
		if err := a.join(p.orgs[j].ID, u.ID, p.role, nil); err != nil {
			return err
		}
	}
	if welcomes(i, r, p) {
		if err := a.Recovery.ResetAccount(a.ctx, a.tx, u, a.place.Name); err != nil {
			return err
		}
	}
	detail := map[string]string{}
	if i.ID != "" {
		detail["import"] = string(i.ID)
	}
	return a.record("user.created", string(u.ID), detail, u.Settings().Changed(nil)...)
}

func (a *importing) join(org sso.OrgID, user sso.UserID, role sso.Role, groups []string) error {
	m := sso.Membership{Org: org, User: user, Role: role, Groups: groups, CreatedAt: a.now, UpdatedAt: a.now}
	if err := a.tx.Org(org).SaveMembership(a.ctx, m); err != nil {
		return err
	}
	return a.recordIn(org, "membership.created", string(user), nil, m.Settings().Changed(nil)...)
}

// alter changes somebody who is there, as it was judged.
func (a *importing) alter(p *plan, r *sso.ImportRow, i *sso.Import) error {
	u := p.them.User
	detail := map[string]string{"import": string(i.ID)}
	if p.profile {
		for _, f := range []struct {
			name string
			to   *string
			from string
		}{
			{"first_name", &u.FirstName, sso.CleanName(r.Row.FirstName)}, {"last_name", &u.LastName, sso.CleanName(r.Row.LastName)},
			{"username", &u.Username, p.username}, {"language", &u.Language, p.language},
		} {
			if slices.Contains(r.Changes, f.name) {
				*f.to = f.from
			}
		}
		if slices.Contains(r.Changes, "password") {
			u.SetPassword(r.Row.PasswordHash, a.now)
		}
		u.UpdatedAt = a.now
		if err := a.tx.Org(u.Home).SaveUser(a.ctx, u); err != nil {
			return err
		}
	}
	at := slices.IndexFunc(p.them.Positions, func(pos sso.Position) bool { return pos.Org == a.place.ID })
	switch {
	case at < 0:
		if err := a.join(a.place.ID, u.ID, p.role, p.groups); err != nil {
			return err
		}
	case slices.Contains(r.Changes, "role") || slices.Contains(r.Changes, "groups"):
		m := p.them.Positions[at].Membership
		was, before := m.Role, m.Settings()
		if slices.Contains(r.Changes, "role") {
			m.Role = p.role
		}
		if slices.Contains(r.Changes, "groups") {
			m.Groups = p.groups
		}
		m.UpdatedAt = a.now
		if err := a.org.SaveMembership(a.ctx, m); err != nil {
			return err
		}
		if err := a.roleChanged(a.place.ID, u.ID, was, m.Role); err != nil {
			return err
		}
		if err := a.record("membership.saved", string(u.ID), detail, m.Settings().Changed(before)...); err != nil {
			return err
		}
	}
	for j := range p.orgs {
		if slices.Contains(r.Changes, "organization "+p.orgs[j].Key) {
			if err := a.join(p.orgs[j].ID, u.ID, p.role, nil); err != nil {
				return err
			}
		}
	}
	if !p.profile {
		return nil
	}
	detail["fields"] = strings.Join(r.Changes, ", ")
	return a.recordAround(p.them, "user.changed", detail, u.Settings().Changed(p.them.User.Settings())...)
}
