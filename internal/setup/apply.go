// Package setup brings organizations, their domains and connections, their
// people and the apps into the state that somebody wants.
//
// [Service.Apply] is configuration as code: it takes a file, compares it with
// what is stored and changes what differs, all in one transaction or not at
// all. What the file leaves out stays as it is, down to the single setting.
// Applied twice, a file changes nothing the second time.
//
// # Trust
//
// Who applies a file is the operator: it may vouch for domains and give any
// role. Metadata of identity providers is judged as strictly as if a customer
// had sent it.
package setup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service sets things up. Its fields are set once.
type Service struct {
	DB    *store.DB
	Fetch *safehttp.Client
	Now   func() time.Time
	// Sealer returns what seals keys at rest. It is asked for only where one is
	// made.
	Sealer func(context.Context) (*secret.Sealer, error)
}

// Change is one thing that was changed, or would be.
type Change struct {
	What string // organization, domain, connection, user, membership or app
	Name string
	Did  string // created, changed: and what
}

// String returns the change as a line.
func (c Change) String() string { return c.What + " " + c.Name + ": " + c.Did }

// Mode says what becomes of the changes.
type Mode uint8

// The modes.
const (
	Commit Mode = iota
	DryRun      // everything is judged and listed, nothing is kept
)

// Files reads the files that an apply file names, relative to its folder.
type Files string

// maxNamedFile bounds a file that an apply file names.
const maxNamedFile = 5 << 20

// Read returns the content of a named file.
func (dir Files) Read(name string) ([]byte, error) {
	unreadable := func(got string) error {
		return &fault.Error{Kind: fault.Invalid, Code: "apply_file", Want: "a file that can be read", Got: got, Fix: fault.OperatorSide}
	}
	if name == "" {
		return nil, unreadable("no name")
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(string(dir), name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, unreadable(err.Error())
	}
	if info.Size() > maxNamedFile {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "apply_file", Want: "at most 5 MiB", Got: name, Fix: fault.OperatorSide}
	}
	b, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, unreadable(err.Error())
	}
	return b, nil
}

// errDryRun undoes the transaction of a dry run.
var errDryRun = errors.New("dry run")

// Apply makes what the file says true and returns what it changed. An error
// names the place in the file, and then nothing was changed.
func (s *Service) Apply(ctx context.Context, f *File, files Files, mode Mode) ([]Change, error) {
	if err := f.once(); err != nil {
		return nil, err
	}
	// What lies outside the database is read before the transaction, which
	// may run twice and must not wait for anybody.
	outside, err := s.gather(ctx, f, files)
	if err == nil && mode == Commit {
		outside.keys, err = s.makeKeys(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	var changes []Change
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		a := applier{
			ctx: ctx, tx: tx, now: s.Now(), outside: outside, orgs: map[string]*sso.Organization{},
			moved: map[sso.OrgID]bool{}, left: map[sso.OrgID]bool{}, people: map[sso.UserID]bool{},
		}
		if err := a.apply(f); err != nil {
			return err
		}
		changes = a.changes
		if mode == DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return nil, err
	}
	return changes, nil
}

// gathered is what an apply file names and does not hold.
type gathered struct {
	idps    map[*Connection]*sso.SAML // what the metadata says; nil: none was given
	secrets map[*App]string
	keys    map[*Connection]store.DecryptionKey // made for those that had none
}

func (s *Service) gather(ctx context.Context, f *File, files Files) (gathered, error) {
	g := gathered{idps: map[*Connection]*sso.SAML{}, secrets: map[*App]string{}}
	for i := range f.Organizations {
		for j := range f.Organizations[i].Connections {
			c := &f.Organizations[i].Connections[j]
			var err error
			if g.idps[c], err = s.identityProvider(ctx, c, files); err != nil {
				return g, at("connection "+c.Key, err)
			}
		}
	}
	for i := range f.Apps {
		a := &f.Apps[i]
		if a.ClientSecretFile == nil {
			continue
		}
		b, err := files.Read(*a.ClientSecretFile)
		if err != nil {
			return g, at("app "+a.Key, err)
		}
		if g.secrets[a], err = clientSecret(b); err != nil {
			return g, at("app "+a.Key, err)
		}
	}
	return g, nil
}

// applier is one run of a file against the database.
type applier struct {
	ctx     context.Context
	tx      *store.Writer
	now     time.Time
	outside gathered
	orgs    map[string]*sso.Organization // by key, as they are once placed
	moved   map[sso.OrgID]bool           // have another parent than before
	left    map[sso.OrgID]bool           // stood above one that moved
	people  map[sso.UserID]bool          // whom the file has meant
	apps    map[string]sso.App           // by key; nil: not read yet
	changes []Change
}

func (a *applier) did(what, name, did string) {
	a.changes = append(a.changes, Change{What: what, Name: name, Did: did})
}

// apply works from what others refer to down to what refers: organizations
// from the top of the tree, connections, domains, people, apps.
func (a *applier) apply(f *File) error {
	if err := a.organizations(f); err != nil {
		return err
	}
	for i := range f.Organizations {
		o := &f.Organizations[i]
		org, err := a.org(o.Key)
		if err != nil {
			return at("organization "+o.Key, err)
		}
		for j := range o.Connections {
			if err := a.connection(org, &o.Connections[j]); err != nil {
				return at("organization "+o.Key, at("connection "+o.Connections[j].Key, err))
			}
		}
	}
	// A domain may name a connection of an organization further down, and may
	// be given up by one and taken by another: connections stand, and what is
	// withdrawn goes, before anything is claimed.
	for _, turn := range []func(*Domain) bool{(*Domain).withdrawn, func(d *Domain) bool { return !d.withdrawn() }} {
		if err := a.domains(f, turn); err != nil {
			return err
		}
	}
	for i := range f.Organizations {
		o := &f.Organizations[i]
		org, err := a.org(o.Key)
		if err != nil {
			return at("organization "+o.Key, err)
		}
		for j := range o.Users {
			if err := a.user(org, &o.Users[j]); err != nil {
				return at("organization "+o.Key, at("user "+o.Users[j].name(), err))
			}
		}
	}
	for i := range f.Apps {
		if err := a.app(&f.Apps[i]); err != nil {
			return at("app "+f.Apps[i].Key, err)
		}
	}
	return a.tree()
}

// org returns an organization by its key, from the file or the database.
func (a *applier) org(key string) (*sso.Organization, error) {
	if o, ok := a.orgs[key]; ok {
		return o, nil
	}
	o, err := a.tx.OrganizationByKey(a.ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Want: "an organization of this file or the database", Got: key, Fix: fault.OperatorSide}
	}
	if err != nil {
		return nil, err
	}
	a.orgs[key] = &o
	return &o, nil
}
