package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
)

// auditCmd is about the audit list.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that the audit list is whole and unaltered, and print where it ends."`
}

// auditVerifyCmd checks the chain.
type auditVerifyCmd struct {
	database
	Anchor []string `placeholder:"NUMBER:HASH" help:"An end of the list that was noted earlier, elsewhere: it must be in the list still. May be given several times."`
}

// Run checks the chain, and changes nothing.
func (c *auditVerifyCmd) Run(ctx context.Context, out streams) error {
	var anchors []sso.ChainEnd
	for _, text := range c.Anchor {
		a, err := parseAnchor(text)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		anchors = append(anchors, a)
	}
	db, err := c.look(ctx)
	if err != nil {
		return err
	}
	v, err := db.VerifyChain(ctx, anchors...)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if v.Broken != nil {
		return &exitError{exitFailed, errors.New("the audit list is " + v.Broken.String())}
	}
	_, err = fmt.Fprintf(out.Out, "whole: %d events, from %d\nanchor: %d:%s\n", v.To.Number-v.From.Number, v.From.Number+1, v.To.Number, v.To.Hash)
	return err
}

// parseAnchor reads an end of the chain as the command prints it.
func parseAnchor(s string) (sso.ChainEnd, error) {
	number, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || len(hash) != 64 && (n != 0 || hash != "") {
		return sso.ChainEnd{}, fmt.Errorf("--anchor: want NUMBER:HASH as this command prints it, got %q", s)
	}
	return sso.ChainEnd{Number: n, Hash: hash}, nil
}

// auditConfig says what the audit list tells of.
type auditConfig struct {
	SignIns string `name:"audit-sign-ins" default:"all" enum:"all,refused" help:"Which sign-ins the audit list tells of: all or refused. Each has its trace in any case."`
	Days    int    `name:"audit-days" default:"400" placeholder:"DAYS" help:"How many days the audit list is kept; 0: for ever. What a stream or a webhook has not been told of is kept 30 days longer."`
	// EventNetworks are inside; what customers configure never reaches them.
	EventNetworks []string `name:"event-networks" placeholder:"CIDR" help:"Private networks that webhooks and streams of the deployment may reach, by plain http too. Those of customers never do."`
}

// Validate refuses what would keep next to nothing.
func (c *auditConfig) Validate() error {
	const fewest, most = 30, 36500
	if c.Days != 0 && (c.Days < fewest || c.Days > most) {
		return fmt.Errorf("--audit-days: %d is neither 0 nor a number of days from %d to %d", c.Days, fewest, most)
	}
	return nil
}

// keep returns for how long the audit list is kept; 0: for ever.
func (c auditConfig) keep() time.Duration { return time.Duration(c.Days) * 24 * time.Hour }

func (c auditConfig) signIns() events.SignIns {
	if c.SignIns == "all" {
		return events.TellAll
	}
	return events.SignIns(c.SignIns)
}
