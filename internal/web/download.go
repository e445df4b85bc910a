package web

import "net/http"

// Download begins an answer that is a file with the first octet of it: what
// fails before is told on a page.
type Download struct {
	To   http.ResponseWriter
	Name string // of the file, of letters that need no escaping
	Type string // of the media

	begun bool
}

// Write implements [io.Writer].
func (d *Download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.To.Header()
		h.Set("Content-Type", d.Type)
		h.Set("Content-Disposition", `attachment; filename="`+d.Name+`"`)
	}
	return d.To.Write(b)
}

// End returns an error that a page can tell. Where the file had begun, it ends
// the connection: half a list must not pass for a whole one.
func (d *Download) End(err error) error {
	if err != nil && d.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}
