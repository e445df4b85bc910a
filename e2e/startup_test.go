//go:build e2e

package e2e

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestServeRefusesToStart starts the server with one thing wrong and expects a line that says what, and no server.
func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		arguments func(t *testing.T, s *settings)
		says      string // a pattern
	}{
		"unreachable PostgreSQL": {
			func(t *testing.T, s *settings) {
				s.database = "postgres://nobody@" + freeAddr(t, "127.0.23.1") + "/none?sslmode=disable"
			},
			`database`,
		},
		"SQLite in a folder that is not there": {
			func(t *testing.T, s *settings) {
				s.database = "sqlite:" + filepath.Join(t.TempDir(), "none", "sallyport.db")
			},
			`database`,
		},
		"unknown kind of database": {
			func(_ *testing.T, s *settings) { s.database = "mysql://127.0.0.1/sallyport" },
			`sqlite:PATH`,
		},
		"newer schema on SQLite": {
			func(t *testing.T, s *settings) {
				mustRun(t, sallyport(t), "migrate", "--database", s.database)
				makeNewer(t, s.database)
			},
			`schema`,
		},
		"newer schema on PostgreSQL": {
			func(t *testing.T, s *settings) {
				s.database = newPostgres(t)
				mustRun(t, sallyport(t), "migrate", "--database", s.database)
				makeNewer(t, s.database)
				makeKey(t, s.keyFile)
			},
			`schema`,
		},
		"missing key": {
			func(t *testing.T, s *settings) { s.database = newPostgres(t) },
			`key`,
		},
		"base URL without a scheme": {
			func(_ *testing.T, s *settings) { s.baseURL = "sso.example" },
			`base.url`,
		},
		"base URL in plain http, away from this machine": {
			func(_ *testing.T, s *settings) { s.baseURL = "http://sso.example" },
			`base.url`,
		},
		"base URL with a path": {
			func(_ *testing.T, s *settings) { s.baseURL = "https://sso.example/sallyport" },
			`base.url`,
		},
		"address in use": {
			func(t *testing.T, s *settings) {
				l, err := net.Listen("tcp", "127.0.23.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				s.listen = l.Addr().String()
			},
			`in use`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := settings{
				database: "sqlite:" + filepath.Join(dir, "sallyport.db"), keyFile: filepath.Join(dir, "sealing.key"),
				listen: freeAddr(t, "127.0.23.1"), ops: freeAddr(t, "127.0.23.1"),
			}
			s.baseURL = "http://" + s.listen
			tc.arguments(t, &s)
			out, status := run(t, append([]string{sallyport(t)}, s.serve()...)...)
			if status == 0 {
				t.Errorf("exit status 0, want another")
			}
			if strings.Count(out, "\n") != 1 || !regexp.MustCompile("(?i)"+tc.says).MatchString(out) {
				t.Errorf("it says\n%s\nwant one line about %q", out, tc.says)
			}
		})
	}
}

// settings are what a server is started with.
type settings struct {
	database, keyFile, baseURL, listen, ops string
}

// serve returns the arguments of the command that serves with these settings.
func (s settings) serve() []string {
	return []string{
		"serve", "--database", s.database, "--key-file", s.keyFile,
		"--base-url", s.baseURL, "--listen", s.listen, "--ops-listen", s.ops,
	}
}

// makeNewer marks a database as one that a later version has changed.
func makeNewer(t *testing.T, database string) {
	t.Helper()
	_, err := open(t, database).ExecContext(t.Context(),
		"insert into schema_migrations (version, name, checksum, applied_at) values (9999, '9999_later', '', 0)")
	if err != nil {
		t.Fatal(err)
	}
}
