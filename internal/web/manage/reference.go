package manage

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

//go:embed templates
var referenceFiles embed.FS

// ReferencePath is where the API is explained to people who write programs. The
// page is in English, as the names in it are.
const ReferencePath = "/docs/api"

const referenceStyle = ReferencePath + "/style.css"

// reference is the page, made of the document.
type reference struct {
	Style, Document, Base string
	Scopes                []scopeLine
	Tags                  []referenceTag
	Schemas               []referenceSchema
	Codes                 []codeLine
}

type scopeLine struct {
	Scope      sso.Scope
	Deployment bool // that only keys of the deployment have it
}

type codeLine struct{ Code, Sentence string }

type referenceTag struct {
	ID, Name, About string
	Operations      []referenceOperation
}

type referenceOperation struct {
	ID, Method, Path, Summary, Scope string
	About                            []string // paragraphs
	Parameters                       []field
	Body                             string // name of a schema
	Answer                           string // likewise
	Status                           string
	Curl                             string
}

type field struct {
	Name, In, Type, About string
	Schema                string // that the type refers to
	Required              bool
}

type referenceSchema struct {
	Name   string
	Fields []field
}

// newReference makes the page of the document.
func newReference(doc *huma.OpenAPI, base string, sentence func(code string) string) reference {
	r := reference{Style: referenceStyle, Document: DocumentPath, Base: base}
	for _, s := range sso.Scopes() {
		r.Scopes = append(r.Scopes, scopeLine{s, !slices.Contains(sso.OrganizationScopes(), s)})
	}
	for _, code := range ownCodes() {
		r.Codes = append(r.Codes, codeLine{code, sentence(code)})
	}
	for _, t := range doc.Tags {
		r.Tags = append(r.Tags, referenceTag{ID: anchor(t.Name), Name: t.Name, About: t.Description})
	}
	paths := make([]string, 0, len(doc.Paths))
	for path := range doc.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		p := doc.Paths[path]
		for _, o := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
			if o == nil {
				continue
			}
			i := slices.IndexFunc(r.Tags, func(t referenceTag) bool { return t.Name == o.Tags[0] })
			r.Tags[i].Operations = append(r.Tags[i].Operations, operationOf(doc, o, base))
		}
	}
	all := doc.Components.Schemas.Map()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.Schemas = append(r.Schemas, referenceSchema{name, fieldsOf(all[name])})
	}
	return r
}

// ownCodes are those that only the API answers with; others are those of what
// is done.
func ownCodes() []string {
	return []string{
		"api_key_unknown", "api_key_over", "scope_missing", "api_request", "api_media_type", "api_cursor", "api_mixed", "api_choice", "api_version_stale", "api_version_wanted",
		"api_rate", "idempotency_form", "idempotency_mismatch", "idempotency_running", "idempotency_unanswered", "not_found", "request_too_large",
	}
}

func anchor(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }

func operationOf(doc *huma.OpenAPI, o *huma.Operation, base string) referenceOperation {
	declared, _ := o.Metadata["op"].(op)
	out := referenceOperation{ID: o.OperationID, Method: o.Method, Path: o.Path, Summary: o.Summary, Scope: string(declared.Scope)}
	if declared.About != "" {
		out.About = strings.Split(declared.About, "\n\n")
	}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = doc.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
		}
		kind, of := typeOf(p.Schema)
		out.Parameters = append(out.Parameters, field{Name: p.Name, In: p.In, Type: kind, Schema: of, About: p.Description, Required: p.Required})
	}
	curl := "curl " + base + o.Path + " \\\n  -H \"Authorization: Bearer $KEY\""
	if o.Method != http.MethodGet {
		curl = "curl -X " + o.Method + " " + base + o.Path + " \\\n  -H \"Authorization: Bearer $KEY\""
	}
	if o.RequestBody != nil {
		s := o.RequestBody.Content["application/json"].Schema
		_, out.Body = typeOf(s)
		curl += " \\\n  -H \"Content-Type: application/json\" \\\n  -d '" + exampleOf(doc, s) + "'"
	}
	out.Curl = strings.NewReplacer("{organization}", "acme", "{domain}", "acme.example", "{connection}", "acme-okta", "{entitlement}", "sso").Replace(curl)
	for status, answer := range o.Responses {
		if answer.Ref != "" { // a problem
			continue
		}
		out.Status = status
		if content := answer.Content["application/json"]; content != nil {
			_, out.Answer = typeOf(content.Schema)
		}
	}
	return out
}

// typeOf says what kind of value a schema describes, and the schema that it
// refers to, if any.
func typeOf(s *huma.Schema) (kind, of string) {
	switch {
	case s == nil:
		return "", ""
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return name, name
	case s.Type == huma.TypeArray:
		kind, of = typeOf(s.Items)
		return "list of " + kind, of
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			words[i] = fmt.Sprintf("%q", v)
		}
		return strings.Join(words, " | "), ""
	case s.Format != "":
		return s.Format, ""
	default:
		return s.Type, ""
	}
}

func fieldsOf(s *huma.Schema) []field {
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]field, len(names))
	for i, name := range names {
		p := s.Properties[name]
		kind, of := typeOf(p)
		all[i] = field{Name: name, Type: kind, Schema: of, About: p.Description, Required: slices.Contains(s.Required, name)}
	}
	return all
}

// exampleOf returns a body that a schema accepts, with what it must have and
// what has an example.
func exampleOf(doc *huma.OpenAPI, s *huma.Schema) string {
	b, err := json.Marshal(sampleOf(doc, s))
	if err != nil {
		panic("manage: " + err.Error()) // texts, numbers and lists of them
	}
	return string(b)
}

func sampleOf(doc *huma.OpenAPI, s *huma.Schema) any {
	if s.Ref != "" {
		return sampleOf(doc, doc.Components.Schemas.SchemaFromRef(s.Ref))
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		out := map[string]any{}
		for name, p := range s.Properties {
			if slices.Contains(s.Required, name) || len(p.Examples) > 0 {
				out[name] = sampleOf(doc, p)
			}
		}
		return out
	case huma.TypeArray:
		return []any{}
	case huma.TypeInteger, huma.TypeNumber:
		return 0
	case huma.TypeBoolean:
		return false
	default:
		return "…"
	}
}

// referenceRoutes returns the routes of the page and of how it looks. The page
// is made when somebody asks for it first.
func (h *Handler) referenceRoutes(a *api) []web.Route {
	page := sync.OnceValues(func() ([]byte, error) {
		pages, err := template.ParseFS(referenceFiles, "templates/reference.html")
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = pages.Execute(&b, newReference(a.described().document, h.BaseURL, h.Sentence))
		return b.Bytes(), err
	})
	style := func() ([]byte, error) { return referenceFiles.ReadFile("templates/reference.css") }
	return []web.Route{file(ReferencePath, "text/html; charset=utf-8", page), file(referenceStyle, "text/css; charset=utf-8", style)}
}

// file returns a route that serves the same to everybody.
func file(path, kind string, body func() ([]byte, error)) web.Route {
	return web.Route{Method: http.MethodGet, Path: path, Access: web.Public, Handler: func(w http.ResponseWriter, _ *http.Request) error {
		b, err := body()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b) // a caller that is gone is not our failure
		return nil
	}}
}
