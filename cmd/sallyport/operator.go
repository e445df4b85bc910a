package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// operatorCmd is for the people who run the deployment.
type operatorCmd struct {
	Add operatorAddCmd `cmd:"" help:"Make somebody an operator, and print a one-time link by which they register."`
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
		return fmt.Errorf("--base-url: %w", err)
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
