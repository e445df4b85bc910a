package manage

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/web"
)

// securityScheme is what the document calls the key of a program.
const securityScheme = "key"

// document returns the document without operations.
func document() *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	problem := registry.Schema(reflect.TypeFor[web.Problem](), true, "Problem")
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Sallyport management API", Version: "1",
			Description: "What people do in the consoles, for programs. How to get a key, errors, paging, sending requests again and limits are explained at /docs/api.",
			License:     &huma.License{Name: "See the licence of Sallyport", URL: "/docs/api"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "This deployment"}},
		Tags:    tags(),
		Components: &huma.Components{
			Schemas: registry,
			Responses: map[string]*huma.Response{"Problem": {
				Description: "What went wrong, by a stable code",
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
			}},
			Parameters: map[string]*huma.Param{
				"IdempotencyKey": {
					Name: headerIdempotency, In: "header", Description: "A name of the caller's choice for this request. Sent again under it within 24 hours, the request is not carried out again: its first answer is sent.",
					Schema: &huma.Schema{Type: "string", MinLength: new(1), MaxLength: new(255)},
				},
				"Organization": {
					Name: "organization", In: "path", Required: true, Description: "Key or ID of the organization", Example: "acme",
					Schema: &huma.Schema{Type: "string", MaxLength: new(64)},
				},
			},
			SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
				Type: "http", Scheme: "bearer", Description: "An API key of the deployment or of one organization. Each operation names the scope that it needs as x-scope.",
			}},
		},
	}
}

// finish makes the document fit to be published, once all operations are in it:
// lists are never null, nothing is in it to which nothing refers, and answers
// may have more fields one day.
func finish(doc *huma.OpenAPI) {
	all := doc.Components.Schemas.Map()
	delete(all, "ErrorModel")
	delete(all, "ErrorDetail")
	asked := map[string]bool{}
	for _, path := range doc.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if o == nil || o.RequestBody == nil {
				continue
			}
			for _, content := range o.RequestBody.Content {
				note(asked, all, content.Schema)
			}
		}
	}
	for name, s := range all {
		neverNull(s)
		if !asked[name] {
			s.AdditionalProperties = nil
		}
	}
}

// note notes the names of all schemas to which one refers.
func note(seen map[string]bool, all map[string]*huma.Schema, s *huma.Schema) {
	if s == nil {
		return
	}
	if name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]; name != "" && !seen[name] {
		seen[name] = true
		note(seen, all, all[name])
	}
	note(seen, all, s.Items)
	for _, p := range s.Properties {
		note(seen, all, p)
	}
}

func neverNull(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	neverNull(s.Items)
	for _, p := range s.Properties {
		neverNull(p)
	}
}

// text returns the document as it is published.
func text(doc *huma.OpenAPI) ([]byte, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// about returns what the document says about an operation.
func about(o op) string {
	s := "Scope: `" + string(o.Scope) + "`."
	if o.About != "" {
		s = o.About + "\n\n" + s
	}
	return s
}
