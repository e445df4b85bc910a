package factor

import (
	"context"
	"errors"
	"strconv"

	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// NewRecoveryCodes gives the person a new set of recovery codes, to be shown
// once, in place of all that they had.
func (s *Service) NewRecoveryCodes(ctx context.Context, tx *store.Writer, act Act) ([]string, error) {
	var codes []string
	var hashes []secret.Hash
	for range sso.RecoveryCodes {
		code := otp.NewRecoveryCode()
		hash, err := otp.RecoveryHash(code)
		if err != nil {
			return nil, err
		}
		codes, hashes = append(codes, code), append(hashes, hash)
	}
	if err := tx.ReplaceRecoveryCodes(ctx, act.User.ID, hashes, s.Now()); err != nil {
		return nil, err
	}
	if err := s.record(ctx, tx, act, "recovery_codes.made", string(act.User.ID), nil); err != nil {
		return nil, err
	}
	return codes, s.tell(ctx, tx, act, notify.FactorAdded, map[notify.Gap]string{notify.Factor: "recovery_codes"})
}

// UseRecoveryCode proves the person by a recovery code, which is used up, and
// tells them how many are left.
func (s *Service) UseRecoveryCode(ctx context.Context, tx *store.Writer, act Act, code string) (left int, err error) {
	hash, err := otp.RecoveryHash(code)
	if err != nil {
		return 0, wrong()
	}
	err = tx.UseRecoveryCode(ctx, act.User.ID, hash, s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return 0, wrong()
	}
	if err != nil {
		return 0, err
	}
	if left, err = tx.RecoveryCodesLeft(ctx, act.User.ID); err != nil {
		return 0, err
	}
	if err := s.record(ctx, tx, act, "recovery_code.used", string(act.User.ID), map[string]string{"left": strconv.Itoa(left)}); err != nil {
		return 0, err
	}
	return left, s.tell(ctx, tx, act, notify.RecoveryUsed, map[notify.Gap]string{notify.Left: strconv.Itoa(left)})
}
