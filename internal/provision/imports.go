package provision

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Sizes of the work on a list.
const (
	insertBatch = 250 // rows that are stored by one statement
	workBatch   = 50  // rows that are judged or carried out in one transaction
	// AtOnce is how many rows are judged or carried out while somebody waits;
	// more of them are worked on in the background.
	AtOnce = 500
)

// NewImport is a list of people that somebody uploads.
type NewImport struct {
	Name    string // of the file
	File    []byte
	Role    string // of rows that name none
	Welcome Welcome
}

// Welcome says whether new people are written to.
type Welcome uint8

// The answers.
const (
	Quietly       Welcome = iota // nobody is
	WelcomeByMail                // everybody new is mailed a link to set up their credentials
)

// Upload keeps a list of people and has its rows judged. Nothing of it is
// carried out until somebody says so.
func (s *Service) Upload(ctx context.Context, by *sso.By, org sso.OrgID, in NewImport) (sso.ImportID, error) {
	if len(in.File) > MaxFile {
		return "", &fault.Error{Kind: fault.Exhausted, Code: "import_size", Want: "at most 16 MiB", Fix: fault.PersonSide}
	}
	t, err := readTable(in.File)
	if err != nil {
		return "", err
	}
	var i sso.Import
	err = s.change(ctx, by, org, func(a *act) error {
		r, err := role(ctx, a.tx.Reader, in.Role)
		if err != nil {
			return err
		}
		if err := a.rights.Give(r); err != nil {
			return err
		}
		i = sso.Import{
			ID: sso.NewImportID(a.now), Org: org, State: sso.ImportJudging, Name: sso.CleanName(in.Name), By: a.by.User.ID, ByOrg: a.by.Org.ID, Actor: a.by.Session.Actor,
			Address: a.by.Address, Total: len(t.rows), CreatedAt: a.now, UpdatedAt: a.now, ExpiresAt: a.now.Add(sso.ImportLife),
			Options: sso.ImportOptions{Role: r, Welcome: in.Welcome == WelcomeByMail, Ignored: t.ignored},
		}
		if err := a.org.SaveImport(ctx, i); err != nil {
			return err
		}
		for rows := range slices.Chunk(t.rows, insertBatch) {
			if err := a.org.InsertImportRows(ctx, i.ID, rows); err != nil {
				return err
			}
		}
		return a.record("import.uploaded", string(i.ID), map[string]string{"file": i.Name, "rows": strconv.Itoa(i.Total)})
	})
	if err != nil || i.Total > AtOnce {
		return i.ID, err
	}
	return i.ID, s.workThrough(ctx, org, i.ID)
}

// Start carries out what a list says, on behalf of whoever starts it.
func (s *Service) Start(ctx context.Context, by *sso.By, org sso.OrgID, id sso.ImportID) error {
	total := 0
	err := s.change(ctx, by, org, func(a *act) error {
		i, err := a.org.Import(ctx, id)
		if err != nil {
			return err
		}
		if i.State != sso.ImportReady || !a.now.Before(i.ExpiresAt) {
			return &fault.Error{Kind: fault.Conflict, Code: "import_state", Want: string(sso.ImportReady), Got: string(i.State), Fix: fault.PersonSide}
		}
		if err := a.rights.Give(i.Options.Role); err != nil {
			return err
		}
		// Rows make administrators and set passwords. For whoever acts as a user they
		// do neither.
		if !a.by.Session.ActedAs() {
			if err := a.by.Session.Proved(a.now); err != nil {
				return err
			}
		}
		counts, err := a.org.CountImportRows(ctx, id)
		if err != nil {
			return err
		}
		total = i.Total
		i.State, i.Line, i.UpdatedAt, i.ExpiresAt = sso.ImportRunning, 0, a.now, a.now.Add(sso.ImportLife)
		i.By, i.ByOrg, i.Actor, i.Address = a.by.User.ID, a.by.Org.ID, a.by.Session.Actor, a.by.Address
		if err := a.org.SaveImport(ctx, i); err != nil {
			return err
		}
		return a.record("import.started", string(id), map[string]string{
			"file": i.Name, "new": strconv.Itoa(counts[sso.RowNew]), "changed": strconv.Itoa(counts[sso.RowChanged]),
		})
	})
	if err != nil || total > AtOnce {
		return err
	}
	return s.workThrough(ctx, org, id)
}

// Stop ends the work on a list. What was carried out stays.
func (s *Service) Stop(ctx context.Context, by *sso.By, org sso.OrgID, id sso.ImportID) error {
	return s.change(ctx, by, org, func(a *act) error {
		i, err := a.org.Import(ctx, id)
		if err != nil {
			return err
		}
		if i.State == sso.ImportDone || i.State == sso.ImportStopped {
			return nil
		}
		i.State, i.UpdatedAt = sso.ImportStopped, a.now
		if err := a.org.SaveImport(ctx, i); err != nil {
			return err
		}
		return a.record("import.stopped", string(id), map[string]string{"file": i.Name, "done": strconv.Itoa(i.Done)})
	})
}

// ImportPage is a list of people as far as it has come.
type ImportPage struct {
	sso.Import
	Counts map[sso.ImportVerdict]int
	Rows   []sso.ImportRow
	Next   int // line behind which the next page begins; 0: there is none
}

// Import returns a list with a page of its rows, of one verdict where it is
// not empty.
func (s *Service) Import(ctx context.Context, in *Place, id sso.ImportID, verdict sso.ImportVerdict, after int) (ImportPage, error) {
	var p ImportPage
	err := s.read(ctx, func(r *store.Reader) error {
		org := r.Org(in.ID)
		var err error
		if p.Import, err = org.Import(ctx, id); err != nil {
			return err
		}
		if p.Counts, err = org.CountImportRows(ctx, id); err != nil {
			return err
		}
		p.Rows, err = org.ImportRows(ctx, id, verdict, after, PageSize+1)
		return err
	})
	if len(p.Rows) > PageSize {
		p.Rows = p.Rows[:PageSize]
		p.Next = p.Rows[PageSize-1].Line
	}
	return p, err
}

// Imports returns the latest lists of an organization.
func (s *Service) Imports(ctx context.Context, in *Place) ([]sso.Import, error) {
	var all []sso.Import
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		all, err = r.Org(in.ID).Imports(ctx, 10)
		return err
	})
	return all, err
}

// Work does some of the work on lists that wait for it, and reports whether
// there was any. Any number of nodes may call it, at any time.
func (s *Service) Work(ctx context.Context) (bool, error) {
	var i sso.Import
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		i, err = r.NextImport(ctx)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err = s.workOn(ctx, i.Org, i.ID); err == nil {
		return true, nil
	}
	// The next one is another, so that one which cannot go on keeps nobody waiting.
	return true, errors.Join(err, s.DB.Write(ctx, func(tx *store.Writer) error {
		later, err := tx.Org(i.Org).Import(ctx, i.ID)
		if err != nil {
			return err
		}
		later.UpdatedAt = s.Now()
		return tx.Org(i.Org).SaveImport(ctx, later)
	}))
}

// workThrough works on a list until it waits for somebody, or is done.
func (s *Service) workThrough(ctx context.Context, org sso.OrgID, id sso.ImportID) error {
	for {
		more, err := s.workOn(ctx, org, id)
		if err != nil || !more {
			return err
		}
	}
}

// workTries bounds how often some rows are tried again that somebody else has
// stored at the same moment.
const workTries = 5

// workOn judges or carries out some rows of a list, and reports whether there
// are more. Another node that does the same is no harm: of two transactions,
// the later one sees what the earlier one did. PostgreSQL may find out only at
// the name itself, which both would give; then the rows are looked at anew.
func (s *Service) workOn(ctx context.Context, org sso.OrgID, id sso.ImportID) (more bool, err error) {
	for range workTries {
		if more, err = s.workOnce(ctx, org, id); !store.ConflictOn(err, store.HomeUsername) {
			break
		}
	}
	return more, err
}

// workOnce is one try of [Service.workOn], in a transaction.
func (s *Service) workOnce(ctx context.Context, org sso.OrgID, id sso.ImportID) (more bool, err error) {
	err = s.DB.WriteMuch(ctx, func(tx *store.Writer) error {
		i, err := tx.Org(org).Import(ctx, id)
		if err != nil {
			return err
		}
		if more = i.State == sso.ImportJudging || i.State == sso.ImportRunning; !more {
			return nil
		}
		a, err := s.importer(ctx, tx, &i)
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
			more = false
			i.State, i.Code, i.UpdatedAt = sso.ImportStopped, f.Code, s.Now()
			return tx.Org(org).SaveImport(ctx, i)
		}
		if err != nil {
			return err
		}
		more, err = a.work(&i)
		return err
	})
	return more, err
}

// importer returns the change by whoever stands behind a list, who must be
// somebody who may do it now.
func (s *Service) importer(ctx context.Context, tx *store.Writer, i *sso.Import) (*importing, error) {
	by, err := authority.Behind(ctx, tx.Reader, i.By, i.ByOrg, sso.ScopeUsersWrite, i.Address, s.Now())
	if err != nil {
		return nil, err
	}
	by.Session.Actor = i.Actor
	a := &importing{act: act{Service: s, ctx: ctx, tx: tx, by: by, now: s.Now()}, options: i.Options}
	if err := a.enter(i.Org); err != nil {
		return nil, err
	}
	err = a.knowDomains()
	return a, err
}

// work judges or carries out the next rows.
func (a *importing) work(i *sso.Import) (more bool, err error) {
	rows, err := a.org.ImportRows(a.ctx, i.ID, "", i.Line, workBatch)
	if err != nil {
		return false, err
	}
	for n := range rows {
		r := &rows[n]
		before := i.Line
		i.Line = r.Line
		if i.State == sso.ImportJudging {
			i.Judged++
			if r.Verdict != sso.RowWaiting {
				continue
			}
			if _, err := a.judge(r); err != nil {
				return false, err
			}
		} else {
			if !r.Verdict.Does() {
				continue
			}
			err := a.carryOut(i, r)
			if fault.Is(err, "mail_budget") { // uploaded again tomorrow, it goes on here
				i.State, i.Code, i.Line, i.UpdatedAt = sso.ImportStopped, "mail_budget", before, a.now
				return false, a.org.SaveImport(a.ctx, *i)
			}
			if err != nil {
				return false, err
			}
		}
		if err := a.org.SaveImportRow(a.ctx, i.ID, *r); err != nil {
			return false, err
		}
	}
	if len(rows) < workBatch {
		if err := a.finish(i); err != nil {
			return false, err
		}
	}
	i.UpdatedAt = a.now
	return len(rows) == workBatch, a.org.SaveImport(a.ctx, *i)
}

// finish goes on to what comes after the last row.
func (a *importing) finish(i *sso.Import) error {
	if i.State == sso.ImportJudging {
		i.State = sso.ImportReady
		return nil
	}
	i.State = sso.ImportDone
	return a.record("import.done", string(i.ID), map[string]string{"file": i.Name, "done": strconv.Itoa(i.Done), "failed": strconv.Itoa(i.Failed)})
}
