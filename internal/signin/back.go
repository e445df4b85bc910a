package signin

import (
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// sealBack returns the way back of an attempt as it is stored.
func (s *Service) sealBack(id sso.AttemptID, path string) []byte {
	if path == "" {
		return nil
	}
	return s.Sealer.Seal(store.WayBackPlace(id), []byte(path))
}

// wayBack returns the path of ours to which an attempt leads; "": none. A way
// whose key has been taken out meanwhile is none: whoever has proved who they
// are comes in, and finds the page by themselves.
func (s *Service) wayBack(a *sso.Attempt) string {
	if a.Back == nil {
		return ""
	}
	path, err := s.Sealer.Open(store.WayBackPlace(a.ID), a.Back)
	if err != nil {
		return ""
	}
	return string(path)
}
