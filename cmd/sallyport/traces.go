package main

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/store"
)

// tracesConfig says what is kept of sign-ins, and for how long.
type tracesConfig struct {
	TracesDays   int    `name:"traces-days" default:"90" placeholder:"DAYS" help:"How many days traces of sign-ins are kept."`
	MessagesDays int    `name:"messages-days" default:"14" placeholder:"DAYS" help:"How many days messages of identity providers are kept as they came, sealed."`
	MessagesKept string `name:"messages-kept" default:"refused" enum:"refused,all,none" help:"Of which sign-ins these are kept: refused, all or none."`
}

// Validate refuses what would keep nothing, or for ever.
func (c *tracesConfig) Validate() error {
	const longest = 3650
	for flag, days := range map[string]int{"--traces-days": c.TracesDays, "--messages-days": c.MessagesDays} {
		if days < 1 || days > longest {
			return fmt.Errorf("%s: %d is not a number of days from 1 to %d", flag, days, longest)
		}
	}
	return nil
}

// retention returns for how long it is kept. A message goes with its trace.
func (c *tracesConfig) retention() store.Retention {
	const day = 24 * time.Hour
	return store.Retention{Traces: time.Duration(c.TracesDays) * day, Messages: time.Duration(min(c.MessagesDays, c.TracesDays)) * day}
}

// kept returns which messages are kept.
func (c *tracesConfig) kept() signin.Keep {
	if c.MessagesKept == "refused" {
		return signin.KeepRefused
	}
	return signin.Keep(c.MessagesKept)
}
