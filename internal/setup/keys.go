package setup

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Keys returns the keys for which a connection is encrypted, or, where no
// connection is named, those that sign what we send to all identity providers.
func (s *Service) Keys(ctx context.Context, connection string) ([]federation.Key, error) {
	var keys []federation.Key
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		ring, err := ringOf(ctx, r, connection)
		if err == nil {
			keys, err = ring.Keys(ctx, r)
		}
		return err
	})
	return keys, err
}

// TurnKeys takes one step with the keys that [Service.Keys] names, and returns
// them as they are then. A step that does not come next is refused; so is one that
// deletes a retired key which is needed still, unless its ID is among those that
// are agreed.
func (s *Service) TurnKeys(ctx context.Context, connection string, turn federation.Turn, agreed ...string) ([]federation.Key, error) {
	var made federation.Fresh
	if turn == federation.MakeNext { // before the transaction, which nobody should have to wait for
		sealer, err := s.Sealer(ctx)
		if err != nil {
			return nil, err
		}
		of := federation.Ring{}
		if connection != "" {
			of.Connection = &sso.Connection{} // for one of a connection; which, the transaction says
		}
		if made, err = of.Make(sealer, s.Now()); err != nil {
			return nil, err
		}
	}
	var keys []federation.Key
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		ring, err := ringOf(ctx, tx.Reader, connection)
		if err != nil {
			return err
		}
		if keys, err = ring.Keys(ctx, tx.Reader); err != nil {
			return err
		}
		if err := ring.Spare(keys, turn, s.Now(), agreed...); err != nil {
			return err
		}
		if err := ring.Turn(ctx, tx, keys, turn, made, sso.Event{At: s.Now(), Actor: "operator"}); err != nil {
			return err
		}
		keys, err = ring.Keys(ctx, tx.Reader)
		return err
	})
	return keys, err
}

func ringOf(ctx context.Context, r *store.Reader, connection string) (federation.Ring, error) {
	if connection == "" {
		return federation.Ring{}, nil
	}
	c, err := r.ConnectionByKey(ctx, connection)
	if errors.Is(err, store.ErrNotFound) {
		return federation.Ring{}, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "the key of a connection", Got: connection, Fix: fault.OperatorSide}
	}
	return federation.Ring{Connection: &c}, err
}
