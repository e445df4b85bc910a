package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/webtest"
)

// model returns what kong has made of the command line.
func model(t *testing.T) *kong.Application {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Name("sallyport"), kong.DefaultEnvars("SALLYPORT"), kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// flagsOf returns the flags of a command by their groups, in the order of both.
func flagsOf(app *kong.Application, command string) (groups []string, flags map[string][]*kong.Flag) {
	flags = map[string][]*kong.Flag{}
	for _, node := range app.Children {
		if node.Name != command {
			continue
		}
		for _, f := range node.Flags {
			group := ""
			if f.Group != nil {
				group = f.Group.Title
			}
			if flags[group] == nil {
				groups = append(groups, group)
			}
			flags[group] = append(flags[group], f)
		}
	}
	return groups, flags
}

// configurationPage is docs/configuration.md: what stands above, and a table
// for each group of flags.
func configurationPage(t *testing.T, head string) string {
	t.Helper()
	var page strings.Builder
	page.WriteString(strings.TrimSpace(head) + "\n")
	groups, flags := flagsOf(model(t), "serve")
	for _, group := range groups {
		_, _ = fmt.Fprintf(&page, "\n## %s\n\n| Flag | Variable | Default | Meaning |\n|---|---|---|---|\n", group)
		for _, f := range flags[group] {
			name := "--" + f.Name
			switch {
			case f.PlaceHolder != "":
				name += " " + f.PlaceHolder
			case f.Enum != "":
				name += " WORD"
			case !f.IsBool():
				name += " NUMBER"
			}
			value := "none"
			switch {
			case f.Required:
				value = "needed"
			case f.HasDefault && f.Default != "":
				value = "`" + f.Default + "`"
			case f.IsBool():
				value = "`false`"
			}
			help := f.Help
			if f.Enum != "" && !strings.Contains(help, strings.Split(f.Enum, ",")[len(strings.Split(f.Enum, ","))-1]) {
				help += " One of " + f.Enum + "."
			}
			_, _ = fmt.Fprintf(&page, "| `%s` | `%s` | %s | %s |\n", cell(name), f.Envs[0], value, prose(help))
		}
	}
	return page.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// prose is text in a cell, in which nothing is a mark of the page.
func prose(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`).Replace(s)
}

// The page says what the program does: it is made of the flags, with -update.
func TestConfigurationPage(t *testing.T) {
	t.Parallel()
	head, err := os.ReadFile(filepath.Join("testdata", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := configurationPage(t, string(head))
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if webtest.Update() {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/configuration.md differs from the flags of serve (-want +got); go test ./cmd/sallyport -run ConfigurationPage -update writes it:\n%s", diff)
	}
}

// Every setting has a group, and every secret can stand in a file.
func TestEverySettingHasItsPlace(t *testing.T) {
	t.Parallel()
	groups, flags := flagsOf(model(t), "serve")
	names := map[string]bool{}
	for _, group := range groups {
		for _, f := range flags[group] {
			names[f.Name] = true
			if group == "" {
				t.Errorf("--%s is in no group", f.Name)
			}
			if len(f.Envs) != 1 || f.Envs[0] != "SALLYPORT_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")) {
				t.Errorf("--%s has the variables %v", f.Name, f.Envs)
			}
		}
	}
	secrets := 0
	for name := range names {
		if name == "database" || strings.HasSuffix(name, "password") || strings.HasSuffix(name, "secret") || strings.HasSuffix(name, "token") {
			secrets++
			if !names[name+"-file"] {
				t.Errorf("--%s cannot stand in a file: there is no --%s-file", name, name)
			}
		}
	}
	if secrets < 3 {
		t.Errorf("%d secrets are found, want three at least: the search is broken", secrets)
	}
}

// doctor has the configuration of the server, and no other.
func TestDoctorHasTheConfigurationOfTheServer(t *testing.T) {
	t.Parallel()
	app := model(t)
	of := func(command string) map[string]bool {
		names := map[string]bool{}
		_, flags := flagsOf(app, command)
		for _, all := range flags {
			for _, f := range all {
				names[f.Name] = true
			}
		}
		return names
	}
	doctor := of("doctor")
	for name := range of("serve") {
		if !doctor[name] {
			t.Errorf("doctor does not read --%s", name)
		}
	}
}
