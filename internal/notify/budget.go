package notify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Networks are told apart by these prefixes.
const (
	prefix4 = 24
	prefix6 = 48
)

// Budgets bound how many SMS are sent, so that nobody has us call numbers that
// they earn by. They are counted in the database for all nodes together. A
// budget of 0 is not counted. Each is how many may go in an hour, of which all may go at once.
type Budgets struct {
	Countries  []string // codes of two letters to which SMS go; empty: to all
	PerNumber  int
	PerOrg     int
	PerCountry int
	PerNetwork int // of who asks
	Total      int
}

// spend takes one SMS from each budget that it concerns, within the
// transaction that puts it into the outbox, or refuses it.
func (b *Budgets) spend(ctx context.Context, tx *store.Writer, m *Message, to sso.Phone, now time.Time) error {
	country := to.Country()
	if len(b.Countries) > 0 && !slices.Contains(b.Countries, country) {
		return &fault.Error{Kind: fault.Denied, Code: "sms_country", Want: strings.Join(b.Countries, ", "), Got: country, Fix: fault.OperatorSide}
	}
	for _, budget := range []struct {
		of, key string
		hourly  int
	}{
		{"number", to.String(), b.PerNumber},
		{"network", networkOf(m.Address), b.PerNetwork},
		{"organization", string(m.Org), b.PerOrg},
		{"country", country, b.PerCountry},
		{"deployment", "all", b.Total},
	} {
		if budget.hourly <= 0 || budget.key == "" {
			continue
		}
		key := secret.HashOf([]byte("sms\x00" + budget.of + "\x00" + budget.key))
		until, err := tx.Try(ctx, key, "", budget.hourly, time.Hour/time.Duration(budget.hourly), now)
		if err != nil {
			return fmt.Errorf("counting an SMS: %w", err)
		}
		if !until.IsZero() {
			return &fault.Error{Kind: fault.Exhausted, Code: "sms_budget", Want: until.UTC().Format(time.RFC3339), Got: budget.of, Fix: fault.OperatorSide}
		}
	}
	return nil
}

// networkOf returns the network of a browser, or "" for an unknown one.
func networkOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := prefix4
	if a.Is6() {
		bits = prefix6
	}
	network, err := a.Prefix(bits)
	if err != nil { // no such length
		return ""
	}
	return network.String()
}
