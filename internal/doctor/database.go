package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// How far clocks may differ. What identity providers sign is taken for a minute
// before and after its time; beyond that, everybody is refused.
const (
	skewWarn = 5 * time.Second
	skewFail = 45 * time.Second
)

func (e *examination) database(ctx context.Context) {
	began := time.Now()
	server, err := e.DB.Server(ctx)
	if err != nil {
		e.blind = true
		e.failed("database.reach", "a database that answers", err, "look whether the server runs, and whether --database names it with the right user and password")
		return
	}
	took := time.Since(began)
	asked := e.Now().Add(-took / 2) // by our clock, when it looked at its own
	e.fine("database.reach", server.Engine+" "+server.Version+", answers in "+ago(took))
	if err := e.DB.Ready(ctx); err != nil {
		e.blind = true
		e.failed("database.schema", "the schema of this program", err, "sallyport migrate, or start the server of this version")
		return
	}
	e.fine("database.schema", "as this program needs it")
	token := secret.NewToken()
	err = e.DB.Write(ctx, func(tx *store.Writer) error {
		now := e.Now()
		return tx.InsertSingleUse(ctx, store.KindDoctor, token.Hash(), now.Add(time.Minute), "write")
	})
	if err != nil {
		e.failed("database.write", "a row can be written", err, "look whether the disk is full, the file or the server is read-only, and the user may insert")
	} else {
		e.fine("database.write", "a row was written")
	}
	if server.Now.IsZero() {
		e.say("clock.database", Skip, "", "the database has no clock of its own", "")
		return
	}
	e.clock("clock.database", "the database", server.Now.Sub(asked))
}

// clock judges how far another clock is ahead of ours.
func (e *examination) clock(check, whose string, ahead time.Duration) {
	got := "differs by " + ago(ahead.Abs())
	want := "within " + ago(skewWarn) + " of the clock of " + whose
	const do = "run a time service (chrony, systemd-timesyncd) on both machines"
	switch {
	case ahead.Abs() >= skewFail:
		e.say(check, Fail, want, got, do)
	case ahead.Abs() >= skewWarn:
		e.say(check, Warn, want, got, do)
	default:
		e.fine(check, got)
	}
}

// keys looks whether what is sealed can be opened, and what ends when.
func (e *examination) keys(ctx context.Context) {
	if e.blind {
		e.say("keys.sealing", Skip, "", "the database cannot be asked", "")
		return
	}
	e.sealing(ctx)
	e.signing(ctx)
	e.certificates(ctx)
	e.clinging(ctx)
}

func (e *examination) sealing(ctx context.Context) {
	const want, do = "a sealing key that opens what is in the database", "give --key-file the file that was beside this database when it was filled; of several keys in it the first one seals"
	sealer, err := e.Sealer(ctx)
	if err != nil {
		e.failed("keys.sealing", want, err, do)
		return
	}
	var opened, broken int
	var closed []string // of what, for which no key is at hand
	err = e.DB.Read(ctx, func(r *store.Reader) error {
		for _, use := range []store.KeyUse{store.KeyForOIDC, store.KeyForSAML} {
			keys, err := r.SigningKeys(ctx, use)
			if err != nil {
				return err
			}
			for _, k := range keys {
				if _, err := sealer.Open(store.SigningKeyPlace(k.ID), k.Private); err != nil {
					broken++
				} else {
					opened++
				}
			}
		}
		values, err := r.SealedValues(ctx)
		for _, v := range values {
			if !sealer.Holds(v.Head) {
				closed = append(closed, fmt.Sprintf("%d %s", v.Count, v.Of))
			}
		}
		return err
	})
	switch {
	case err != nil:
		e.failed("keys.sealing", want, err, "")
	case broken > 0:
		e.say("keys.sealing", Fail, want, fmt.Sprintf("%d of %d signing keys cannot be opened", broken, broken+opened), do)
	case closed != nil:
		e.say("keys.sealing", Fail, want, "no key for "+strings.Join(closed, ", "), do)
	case opened == 0:
		e.say("keys.sealing", Skip, "", "nothing was sealed yet: the server makes its keys when it first starts", "")
	default:
		e.fine("keys.sealing", "opens "+strconv.Itoa(opened)+" signing keys")
	}
}
