package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/store"
)

// exitChanges is the exit status of a dry run that would change something,
// where it is asked for.
const exitChanges = 3

// applyCmd makes the database say what a file says.
type applyCmd struct {
	database
	File     string   `short:"f" required:"" placeholder:"FILE" help:"YAML file, or - for standard input."`
	DryRun   bool     `help:"Judge the file and print what would change, and change nothing."`
	ExitCode bool     `help:"With --dry-run: exit status 3 where something would change."`
	Prune    bool     `help:"Delete what the lists of the file leave out: domains, connections, groups, people and webhooks of organizations that it mentions; roles, apps, webhooks and streams of the deployment."`
	Yes      bool     `short:"y" help:"Delete without asking."`
	Inside   []string `name:"metadata-networks" placeholder:"CIDR" help:"Private networks from which metadata of identity providers may be read, by plain http too."`
}

// Run applies the file and prints what it changes.
func (c *applyCmd) Run(ctx context.Context, out streams) error {
	src, dir, err := c.read(out.In)
	if err != nil {
		return err
	}
	f, err := setup.ParseFile(src)
	if err != nil {
		return c.refused(err)
	}
	inside, err := networks("--metadata-networks", c.Inside)
	if err != nil {
		return misused(err)
	}
	open := c.open
	if c.DryRun {
		open = c.look
	}
	db, err := open(ctx)
	if err != nil {
		return err
	}
	s := c.setup(db)
	s.Fetch = safehttp.New(inside...)
	run := applying{Service: s, file: f, files: setup.Files(dir), applyCmd: c, streams: out}
	return errors.Join(c.refused(run.run(ctx)), db.Close())
}

// applying is one run of a file.
type applying struct {
	*setup.Service
	*applyCmd
	streams
	file  *setup.File
	files setup.Files
}

func (a *applying) run(ctx context.Context) error {
	how := setup.Options{}
	if a.Prune {
		how.Prune = setup.PruneListed
	}
	if a.DryRun || a.Prune {
		how.Mode = setup.DryRun
		changes, err := a.Apply(ctx, a.file, a.files, how)
		if err != nil {
			return err
		}
		if err := printChanges(a.Out, changes); err != nil {
			return err
		}
		if a.DryRun {
			return a.dry(len(changes))
		}
		if err := a.agree(changes); err != nil {
			return err
		}
		how.Mode, how.Agreed = setup.Commit, append([]setup.Change{}, changes...)
	}
	changes, err := a.Apply(ctx, a.file, a.files, how)
	if err != nil {
		return err
	}
	if !a.Prune {
		if err := printChanges(a.Out, changes); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(a.Out, "applied: "+count(len(changes)))
	return err
}

func (a *applying) dry(changes int) error {
	if _, err := fmt.Fprintln(a.Out, "dry run, nothing was changed: "+count(changes)); err != nil {
		return err
	}
	if a.ExitCode && changes > 0 {
		return &exitError{status: exitChanges}
	}
	return nil
}

// agree asks whether what is to be deleted may be. Where there is nobody to ask,
// it has to be said beforehand.
func (a *applying) agree(changes []setup.Change) error {
	n := 0
	for i := range changes {
		if changes[i].Did == setup.Deleted {
			n++
		}
	}
	if n == 0 || a.Yes {
		return nil
	}
	refused := fmt.Errorf("nothing was changed: %s would be deleted; say --yes to have it so", things(n))
	return consent(a.streams, "Delete "+things(n)+"?", refused)
}

// consent returns refused unless somebody who sits there agrees.
func consent(to streams, question string, refused error) error {
	if !terminal(to.In) {
		return refused
	}
	if _, err := fmt.Fprint(to.Out, question+" Type yes: "); err != nil {
		return err
	}
	answer, err := bufio.NewReader(to.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return refused
	}
	return nil
}

// terminal reports whether somebody sits there.
func terminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// refused names the file before each mistake in it.
func (c *applyCmd) refused(err error) error {
	mistakes, ok := errors.AsType[setup.Mistakes](err)
	if !ok {
		return err
	}
	var all lines
	for _, m := range mistakes {
		if m.Line > 0 {
			all = append(all, c.File+":"+m.Error())
		} else {
			all = append(all, c.File+": "+m.Error())
		}
	}
	return all
}

// printChanges prints each change, and below it what was before and is after.
func printChanges(w io.Writer, changes []setup.Change) error {
	out := bufio.NewWriter(w)
	for i := range changes {
		_, _ = fmt.Fprintln(out, visible(changes[i].String()))
		for _, line := range changes[i].Details() {
			_, _ = fmt.Fprintln(out, "    "+visible(line))
		}
	}
	return out.Flush()
}

// setup returns the flow that sets things up in this database.
func (d database) setup(db *store.DB) *setup.Service {
	return &setup.Service{DB: db, Fetch: safehttp.New(), Now: now, Sealer: func(ctx context.Context) (*secret.Sealer, error) { return d.keys(ctx, db) }}
}

func (c *applyCmd) read(in io.Reader) (src []byte, dir string, err error) {
	dir = filepath.Dir(c.File)
	if c.File == "-" {
		dir = "."
	} else {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, "", fmt.Errorf("reading the file: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	src, err = io.ReadAll(io.LimitReader(in, setup.MaxFile+1))
	if err != nil {
		return nil, "", fmt.Errorf("reading the file: %w", err)
	}
	return src, dir, nil
}

func count(changes int) string {
	switch changes {
	case 0:
		return "no changes"
	case 1:
		return "1 change"
	default:
		return fmt.Sprintf("%d changes", changes)
	}
}

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprintf("%d things", n)
}
