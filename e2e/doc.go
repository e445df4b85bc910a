// Package e2e proves the binary from outside: signing in through identity
// providers, applications and browsers that others wrote, on both databases.
//
// Its tests have the build tag e2e and want what install.sh installs and the
// PostgreSQL of with-postgres.sh; `make test` sees to both:
//
//	e2e/with-postgres.sh go test -tags e2e ./e2e
//
// Nothing here imports the packages of the house, but for a mail server. What a test knows, a person,
// an application or an operator can know too; only the one that counts sessions
// looks into the database.
package e2e
