package enforce

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// BreakGlassPath is where a code is used.
const BreakGlassPath = "/login/break-glass"

// CodesFile returns a file with codes, which says where they are for and whose
// they are. What are no codes is refused: nothing else is to be sent back.
func (s *Service) CodesFile(p *authority.Place, codes []string) (*bytes.Buffer, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s\r\n%s\r\n\r\n", s.BaseURL, BreakGlassPath, p.Key)
	for _, code := range codes {
		if _, err := otp.BreakGlassHash(code); err != nil || len(codes) > sso.BreakGlassCodes {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide, Err: err}
		}
		fmt.Fprintf(&b, "%s\r\n", code)
	}
	return &b, nil
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
