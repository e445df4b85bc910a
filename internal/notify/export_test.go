package notify

// Kinds lists the kinds.
func Kinds() []Kind { return kinds() }

// ParsePattern reads a pattern and returns how it is filled.
func ParsePattern(s string, known map[string]string, escape func(string) string) (func(map[string]string) string, error) {
	p, err := parsePattern(s, known, escape)
	return p.fill, err
}

// EscapeJSON is escapeJSON.
func EscapeJSON(s string) string { return escapeJSON(s) }
