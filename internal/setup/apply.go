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
	"slices"
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

// Options say how a file is applied. By the zero value, what it says is brought
// about and nothing is deleted.
type Options struct {
	Mode  Mode
	Prune Prune
	// Agreed are the changes that somebody has seen and agreed to, where that
	// was asked: others are not made. Nil: nobody was asked.
	Agreed []Change
}

// agreed refuses changes that nobody has agreed to, because the database has
// changed since, or what the file names.
func (o *Options) agreed(changes []Change) error {
	if o.Agreed == nil || slices.EqualFunc(o.Agreed, changes, Change.equal) {
		return nil
	}
	return &fault.Error{Kind: fault.Conflict, Code: "apply_moved", Want: "the changes that were agreed to", Got: "others, since the database has changed, or a file or address that the file names", Fix: fault.OperatorSide}
}

// Prune says what becomes of what the file does not mention.
type Prune uint8

// What becomes of it.
const (
	KeepAll     Prune = iota // it stays
	PruneListed              // what a list of the file leaves out is deleted
)

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

// errMistaken undoes a transaction after mistakes were found in the file.
var errMistaken = errors.New("mistakes in the file")

// Apply makes what the file says true and returns what it changed. What cannot
// be is said by [Mistakes], as many as were found, and then nothing was changed.
func (s *Service) Apply(ctx context.Context, f *File, files Files, how Options) ([]Change, error) {
	if err := f.once(); err != nil {
		return nil, f.mistakes(err)
	}
	// What lies outside the database is read before the transaction, which
	// may run twice and must not wait for anybody.
	outside, err := s.gather(ctx, f, files)
	if err != nil {
		return nil, f.mistakes(err)
	}
	if outside.sealer, err = s.webhookSealer(ctx, f, how.Mode); err != nil {
		return nil, err
	}
	if how.Mode == Commit {
		if outside.keys, err = s.makeKeys(ctx, f); err != nil {
			return nil, err
		}
	}
	var a applier
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		a = applier{
			ctx: ctx, tx: tx, now: now, file: f, outside: outside, orgs: map[string]*sso.Organization{}, failed: map[string]bool{}, lame: map[string]bool{},
			moved: map[sso.OrgID]bool{}, left: map[sso.OrgID]bool{}, people: map[sso.UserID]bool{}, kept: map[any]bool{},
			say: describer{ctx: ctx, r: tx.Reader, orgs: map[sso.OrgID]string{}, hashes: WithHashes},
		}
		if err := a.apply(f, how.Prune); err != nil {
			return err
		}
		switch {
		case len(a.wrong) > 0:
			return errMistaken
		case how.Mode == DryRun:
			return errDryRun
		}
		return how.agreed(a.changes)
	})
	switch {
	case len(a.wrong) > 0:
		return nil, f.mistakes(errors.Join(a.wrong...))
	case err != nil && !errors.Is(err, errDryRun):
		if refusal(err) {
			return nil, f.mistakes(err)
		}
		return nil, err
	}
	return a.changes, nil
}

// gathered is what an apply file names and does not hold.
type gathered struct {
	idps       map[*Connection]*described          // what the metadata says; nil: none was given
	secrets    map[*App][]secret.Token             // nil: none was given
	jwks       map[*App]string                     // of a file
	logos      map[any][]byte                      // PNG, by *Organization or *App
	keys       map[*Connection]store.DecryptionKey // made for those that had none
	hooks      map[*Webhook][]byte                 // secrets of a file
	sealer     *secret.Sealer                      // of the secrets of webhooks and streams; nil: none is needed
	streamKeys map[*Stream][]byte                  // secrets of a file
}

func (s *Service) gather(ctx context.Context, f *File, files Files) (gathered, error) {
	g := gathered{idps: map[*Connection]*described{}, secrets: map[*App][]secret.Token{}, jwks: map[*App]string{}, logos: map[any][]byte{}, hooks: map[*Webhook][]byte{}, streamKeys: map[*Stream][]byte{}}
	wrong := append(g.webhooks(f, files), g.streams(f, files)...)
	for i := range f.Organizations {
		o := &f.Organizations[i]
		logo, err := pictureOf(o.Brand.Logo, o.Brand.LogoFile, files)
		if err != nil {
			wrong = append(wrong, on(o, "organization "+o.Key, err))
		}
		g.logos[o] = logo
		for j := range o.Connections {
			c := &o.Connections[j]
			if g.idps[c], err = s.identityProvider(ctx, c, files); err != nil {
				wrong = append(wrong, on(c, "connection "+c.Key, err))
			}
		}
	}
	for i := range f.Apps {
		a := &f.Apps[i]
		if err := g.app(a, files); err != nil {
			wrong = append(wrong, on(a, "app "+a.Key, err))
		}
	}
	return g, errors.Join(wrong...)
}

// applier is one run of a file against the database.
type applier struct {
	ctx     context.Context
	tx      *store.Writer
	now     time.Time
	file    *File
	outside gathered
	say     describer
	orgs    map[string]*sso.Organization // by key, as they are once placed
	failed  map[string]bool              // organizations that could not be saved because of a mistake
	lame    map[string]bool              // connections likewise
	moved   map[sso.OrgID]bool           // have another parent than before
	left    map[sso.OrgID]bool           // stood above one that moved
	people  map[sso.UserID]bool          // whom the file has meant
	kept    map[any]bool                 // IDs of what else the file has meant
	apps    map[string]sso.App           // by key; nil: not read yet
	roles   map[sso.Role]bool            // that operators have defined; nil: not read yet
	changes []Change
	wrong   []error // mistakes
}

func (a *applier) did(what, name, did string, fields []Field) {
	a.changes = append(a.changes, Change{What: what, Name: name, Did: did, Fields: fields})
}

// note takes a mistake down and goes on, so that all are found in one go. What
// is no mistake of the file is returned.
func (a *applier) note(err error) error {
	switch {
	case err == nil, errors.Is(err, errSkip):
		return nil
	case !refusal(err):
		return err
	}
	a.wrong = append(a.wrong, err)
	return nil
}

// errSkip says that a thing was left out because of a mistake in another one.
var errSkip = errors.New("left out after a mistake")

// apply works from what others refer to down to what refers: roles,
// organizations from the top of the tree, groups, connections, domains, people,
// apps.
func (a *applier) apply(f *File, prune Prune) error {
	for i := range f.Roles {
		if err := a.note(on(&f.Roles[i], "role "+f.Roles[i].Key, a.role(&f.Roles[i]))); err != nil {
			return err
		}
	}
	if err := a.organizations(f); err != nil {
		return err
	}
	err := a.each(f, func(o *Organization, org *sso.Organization) error {
		return a.groups(org, o)
	})
	if err == nil {
		err = a.each(f, func(o *Organization, org *sso.Organization) error {
			return every(o.Connections, func(c *Connection) error {
				err := a.connection(org, c)
				a.lame[c.Key] = err != nil
				return on(c, "connection "+c.Key, err)
			})
		})
	}
	// A domain may name a connection of an organization further down, and may
	// be given up by one and taken by another: connections stand, and what is
	// withdrawn goes, before anything is claimed.
	for _, turn := range []func(*Domain) bool{(*Domain).withdrawn, func(d *Domain) bool { return !d.withdrawn() }} {
		if err == nil {
			err = a.each(f, func(o *Organization, org *sso.Organization) error { return a.domains(org, o.Domains, turn) })
		}
	}
	if err == nil {
		err = a.each(f, func(o *Organization, org *sso.Organization) error {
			return every(o.Users, func(u *User) error { return on(u, "user "+u.name(), a.user(org, u)) })
		})
	}
	if err == nil { // a group that somebody is put in is there by now
		err = a.each(f, func(o *Organization, _ *sso.Organization) error { return a.pilot(o) })
	}
	if err != nil {
		return err
	}
	for i := range f.Apps {
		if err := a.note(on(&f.Apps[i], "app "+f.Apps[i].Key, a.app(&f.Apps[i]))); err != nil {
			return err
		}
	}
	err = a.each(f, func(o *Organization, org *sso.Organization) error { return a.webhooks(org.ID, o.Key, o.Webhooks) })
	if err == nil {
		err = a.noteEach(errors.Join(a.webhooks("", "", f.Webhooks), a.streams(f.Streams)))
	}
	if err != nil {
		return err
	}
	if prune == PruneListed && len(a.wrong) == 0 {
		if err := a.prune(f); err != nil {
			return err
		}
	}
	if err := a.counts(f); err != nil { // what is deleted makes room
		return err
	}
	return a.note(a.tree())
}

// counts refuses more webhooks and streams than there may be.
func (a *applier) counts(f *File) error {
	err := a.each(f, func(o *Organization, org *sso.Organization) error { return a.countWebhooks(org.ID, o.Webhooks) })
	if err != nil {
		return err
	}
	return a.noteEach(errors.Join(a.countWebhooks("", f.Webhooks), a.countStreams(f.Streams)))
}

// every does something with each of several things, and returns all errors
// until one is no mistake of the file.
func every[T any](all []T, do func(*T) error) error {
	var wrong []error
	for i := range all {
		if err := do(&all[i]); err != nil {
			wrong = append(wrong, err)
			if !refusal(err) && !errors.Is(err, errSkip) {
				break
			}
		}
	}
	return errors.Join(wrong...)
}

// each does something with each organization of the file that has its place.
func (a *applier) each(f *File, do func(*Organization, *sso.Organization) error) error {
	for i := range f.Organizations {
		o := &f.Organizations[i]
		if a.failed[o.Key] {
			continue
		}
		org, err := a.org(o.Key)
		if err == nil {
			err = do(o, org)
		}
		if err := a.noteEach(on(o, "organization "+o.Key, err)); err != nil {
			return err
		}
	}
	return nil
}

// noteEach is note for what may be several errors.
func (a *applier) noteEach(err error) error {
	if err == nil {
		return nil
	}
	for _, m := range a.file.mistakes(err) {
		if err := a.note(m); err != nil {
			return err
		}
	}
	return nil
}

// org returns an organization by its key, from the file or the database.
func (a *applier) org(key string) (*sso.Organization, error) {
	if a.failed[key] {
		return nil, errSkip
	}
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
