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

type keysPromoteCmd struct{ keyRing }

// Run has the next key used.
func (c *keysPromoteCmd) Run(ctx context.Context, out streams) error {
	return c.turn(ctx, out, federation.PromoteNext)
}

type keysForgetCmd struct{ keyRing }

// Run deletes the retired key.
func (c *keysForgetCmd) Run(ctx context.Context, out streams) error {
	return c.turn(ctx, out, federation.ForgetOld)
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
