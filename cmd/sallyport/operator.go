package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// operatorCmd is for the people who run the deployment.
type operatorCmd struct {
	Add operatorAddCmd `cmd:"" help:"Make somebody an operator, and print a one-time link by which they register."`
	Key operatorKeyCmd `cmd:"" help:"Make an API key of the deployment, and print it."`
}

// operatorAddCmd adds an operator. It may run beside a server.
type operatorAddCmd struct {
	database
	BaseURL string `name:"base-url" required:"" placeholder:"URL" help:"Where people reach this deployment, as given to serve."`
	Support bool   `help:"A support agent: looks, acts as users and helps them in, and changes nothing else."`
	Email   string `arg:"" help:"Address of the operator; no customer's user may have it."`
}

// Run adds the operator.
func (c *operatorAddCmd) Run(ctx context.Context, io streams) (err error) {
	base, err := web.ParseBaseURL(c.BaseURL)
	if err != nil {
		return misused(fmt.Errorf("--base-url: %w", err))
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	role := sso.RoleOwner
	if c.Support {
		role = sso.RoleMember
	}
	s := &operate.Service{DB: db, Recovery: &recovery.Service{Now: now}, Now: now}
	path, until, err := s.AddOperator(ctx, c.Email, role)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.Out, "Hand this link to %s. It works once, until %s:\n%s\n", c.Email, until.Format(time.RFC1123), base.Join(path))
	return err
}

// operatorKeyCmd makes an API key of the deployment, for what sets it up before
// there is anybody to sign in. It may run beside a server.
type operatorKeyCmd struct {
	database
	Name   string   `arg:"" help:"What the key is for, to be told from others."`
	Scopes []string `name:"scope" required:"" placeholder:"SCOPE" help:"What the key may do, such as deployment:write; repeatable."`
	Days   int      `default:"0" placeholder:"DAYS" help:"How long it lasts; 0: until it is revoked."`
}

// Run makes the key.
func (c *operatorKeyCmd) Run(ctx context.Context, io streams) (err error) {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	text, err := (&programs.Service{DB: db, Now: now}).FirstKey(ctx, sso.NewAPIKey{Name: c.Name, Scopes: c.Scopes, Days: c.Days})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.Out, text.Reveal())
	return err
}
