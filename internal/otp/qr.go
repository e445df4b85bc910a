package otp

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Picture is a QR code, to be drawn as one path of an SVG whose view box has
// Size units on each side, with the white border that readers need.
type Picture struct {
	Size int
	Path string // the black squares
}

// quiet is the width of the white border, in squares.
const quiet = 4

// Draw returns the QR code of a text.
func Draw(text string) (Picture, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Picture{}, fmt.Errorf("drawing a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return Picture{Size: code.Size + 2*quiet, Path: path.String()}, nil
}
