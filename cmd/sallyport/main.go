// Command sallyport is the sign-in front door: SAML single sign-on that each
// customer sets up alone, in front of any number of OpenID Connect apps.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses of every command.
const (
	exitFailed = 1
	exitUsage  = 2
)

// commands is the whole command line: flags, SALLYPORT_* environment and
// configuration file are this one struct.
type commands struct {
	Config kong.ConfigFlag `placeholder:"FILE" help:"YAML file with the same names as the flags."`

	Demo     demoCmd     `cmd:"" help:"Run everything on this machine with a demo identity provider and a demo app."`
	Serve    serveCmd    `cmd:"" help:"Run the server."`
	Apply    applyCmd    `cmd:"" help:"Make the database say what a file says."`
	Export   exportCmd   `cmd:"" help:"Write what the database says as a file for apply."`
	Doctor   doctorCmd   `cmd:"" help:"Look whether a deployment can do its work, with the configuration of its server."`
	Operator operatorCmd `cmd:"" help:"Add the people who run this deployment."`
	Keys     keysCmd     `cmd:"" help:"List and turn over the keys that identity providers know."`
	Audit    auditCmd    `cmd:"" help:"Check the audit list."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the schema of the database up to date."`
	Saml     SamlCmd     `cmd:"" help:"Judge SAML messages offline."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Dev      devCmd      `cmd:"" hidden:"" help:"For those who work on the program."`
}

// streams are where a command reads and writes.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// exitError ends the program with a status and, if there is one, a message.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// misused is the error of flags, variables or a configuration file that cannot be
// right.
func misused(err error) error { return &exitError{exitUsage, err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks to stop, a second one ends the program at once
	io := streams{os.Stdin, os.Stdout, os.Stderr}
	if err := forgetEmpty(); err != nil {
		os.Exit(complain(io, err, exitFailed))
	}
	status := run(ctx, os.Args[1:], io)
	stop()
	os.Exit(status)
}

// run runs one command and returns the exit status. Errors are one line.
func run(ctx context.Context, args []string, io streams) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("sallyport"),
		kong.Description("The sign-in front door for business customers: multi-tenant SAML single sign-on in front of OpenID Connect apps."),
		kong.Configuration(yamlConfig),
		kong.DefaultEnvars("SALLYPORT"),
		kong.UsageOnError(),
		kong.ValueFormatter(helpOf),
		kong.Writers(io.Out, io.Err),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		return complain(io, err, exitFailed)
	}
	k, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help
		return exited
	case err != nil:
		return complain(io, err, exitUsage)
	}
	err = k.Run()
	exit, ok := errors.AsType[*exitError](err)
	switch {
	case err == nil:
		return 0
	case ok && exit.err == nil:
		return exit.status
	case ok:
		return complain(io, exit.err, exit.status)
	default:
		return complain(io, err, exitFailed)
	}
}

// helpOf returns what --help says of a flag, with its default: kong shows that
// only where no word stands for the value.
func helpOf(v *kong.Value) string {
	shown := *v
	if v.Default != "" && v.Tag.PlaceHolder != "" {
		shown.Help = fmt.Sprintf("%s Default: %s.", v.Help, v.Default)
	}
	return kong.DefaultHelpValueFormatter(&shown)
}

// lines is an error that is several lines, of which each is one.
type lines []string

func (l lines) Error() string { return strings.Join(l, "\n") }

// complain prints an error in one line, or in as many as it is, in which nothing
// steers a terminal.
func complain(io streams, err error, status int) int {
	if all, ok := errors.AsType[lines](err); ok {
		for _, line := range all {
			_, _ = fmt.Fprintln(io.Err, "sallyport: "+visible(strings.Join(strings.Fields(line), " ")))
		}
		return status
	}
	_, _ = fmt.Fprintln(io.Err, "sallyport: "+visible(strings.Join(strings.Fields(err.Error()), " ")))
	return status
}

// versionCmd prints the version.
type versionCmd struct{}

// Run prints the version and the revision that it was built from.
func (versionCmd) Run(io streams) error {
	_, err := fmt.Fprintln(io.Out, "sallyport "+version())
	return err
}

// version returns the module's version, or the revision where there is none.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v += "-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return v + " " + info.GoVersion
}
