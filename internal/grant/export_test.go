package grant

import "github.com/sallyport/sallyport/internal/secret"

// IsCode reports whether a text is a code of ours.
func IsCode(s *Service, text string) bool {
	_, ours := s.promise(secret.ParseToken(text))
	return ours
}
