package enforce

import (
	"context"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// LooksLikeCode reports whether a text has the form of a break-glass code.
func LooksLikeCode(s string) bool {
	_, err := otp.BreakGlassHash(s)
	return err == nil
}

// NewCodes gives the organization a new set of break-glass codes, to be shown
// once, in place of all that it had. Each lets an owner in one time.
func (s *Service) NewCodes(ctx context.Context, who *authority.Who, org sso.OrgID) ([]string, error) {
	var codes []string
	err := s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		codes = nil
		var hashes []secret.Hash
		for range sso.BreakGlassCodes {
			code := otp.NewRecoveryCode()
			hash, err := otp.BreakGlassHash(code)
			if err != nil {
				return err
			}
			codes, hashes = append(codes, code), append(hashes, hash)
		}
		if err := a.In.ReplaceBreakGlassCodes(ctx, hashes, a.Now); err != nil {
			return err
		}
		return a.Record("break_glass.made", string(org), nil)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
