package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/store"
)

// keysCmd is about the keys of ours that stand at identity providers.
type keysCmd struct {
	List    keysListCmd    `cmd:"" help:"List the keys."`
	Next    keysNextCmd    `cmd:"" help:"Make the next key, and publish it beside the current one."`
	Promote keysPromoteCmd `cmd:"" help:"Use the next key. What comes for the one before is still opened."`
	Forget  keysForgetCmd  `cmd:"" help:"Delete the key before."`
}

// keyRing names keys of one purpose.
type keyRing struct {
	database
	Connection string `arg:"" optional:"" placeholder:"CONNECTION" help:"Key of a connection, for the keys that its assertions are encrypted for. Without one: the keys that sign what is sent to all identity providers."`
}

type keysListCmd struct {
	keyRing
	PEM bool `name:"pem" help:"Print the certificates too, for a console that wants a file."`
}

// Run lists the keys, and changes nothing.
func (c *keysListCmd) Run(ctx context.Context, out streams) error {
	db, err := c.look(ctx)
	if err != nil {
		return err
	}
	keys, err := c.setup(db).Keys(ctx, c.Connection)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := printKeys(out.Out, keys); err != nil || !c.PEM {
		return err
	}
	for _, k := range keys {
		if err := pem.Encode(out.Out, &pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate}); err != nil {
			return err
		}
	}
	return nil
}

type keysNextCmd struct{ keyRing }

// Run makes the next key.
func (c *keysNextCmd) Run(ctx context.Context, out streams) error {
	return c.turn(ctx, out, federation.MakeNext)
}

// losing is said where a step deletes a key.
type losing struct {
	Yes bool `short:"y" help:"Delete the key before without asking, though it may be needed still."`
}

type keysPromoteCmd struct {
	keyRing
	losing
}

// Run has the next key used. That deletes the retired key, if there is one.
func (c *keysPromoteCmd) Run(ctx context.Context, out streams) error {
	return c.lose(ctx, out, federation.PromoteNext, c.losing)
}

type keysForgetCmd struct {
	keyRing
	losing
}

// Run deletes the retired key.
func (c *keysForgetCmd) Run(ctx context.Context, out streams) error {
	return c.lose(ctx, out, federation.ForgetOld, c.losing)
}

func (k keyRing) turn(ctx context.Context, out streams, turn federation.Turn) error {
	db, err := k.open(ctx)
	if err != nil {
		return err
	}
	keys, err := k.setup(db).TurnKeys(ctx, k.Connection, turn)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return printKeys(out.Out, keys)
}

// lose takes a step by which a retired key is deleted. Where it may be needed
// still, somebody has to agree.
func (k keyRing) lose(ctx context.Context, out streams, turn federation.Turn, how losing) error {
	db, err := k.open(ctx)
	if err != nil {
		return err
	}
	keys, err := k.losing(ctx, db, out, turn, how)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return printKeys(out.Out, keys)
}

func (k keyRing) losing(ctx context.Context, db *store.DB, out streams, turn federation.Turn, how losing) ([]federation.Key, error) {
	s := k.setup(db)
	before, err := s.Keys(ctx, k.Connection)
	if err != nil {
		return nil, err
	}
	var lost []string // what is agreed to is this key, and not one that takes its place meanwhile
	if old := federation.In(before, store.KeyRetired); old != nil {
		lost = append(lost, old.ID)
	}
	if how.Yes {
		return s.TurnKeys(ctx, k.Connection, turn, lost...)
	}
	keys, err := s.TurnKeys(ctx, k.Connection, turn)
	if !fault.Is(err, "key_in_use") {
		return keys, err
	}
	why := fault.From(err).Got
	refused := fmt.Errorf("nothing was changed: the key before would be deleted, and %s; say --yes to have it so", why)
	if err := consent(out, "The key before is deleted, and "+why+". Do so?", refused); err != nil {
		return nil, err
	}
	return s.TurnKeys(ctx, k.Connection, turn, lost...)
}

// printKeys prints a line for each key, those first that are published.
func printKeys(w io.Writer, keys []federation.Key) error {
	for _, state := range []store.KeyState{store.KeyCurrent, store.KeyNext, store.KeyRetired} {
		for _, k := range keys {
			if k.State != state {
				continue
			}
			sum := sha256.Sum256(k.Certificate)
			_, err := fmt.Fprintf(w, "%-7s  since %s  sha256 %s\n", k.State, k.Since.UTC().Format(time.RFC3339), strings.ToUpper(hex.EncodeToString(sum[:])))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
