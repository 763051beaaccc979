package chdb

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// DefaultDatabase is the database of a request that names none.
const DefaultDatabase = "default"

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]{0,127}$`)

// session is what the engine remembers between the statements of a connection.
// On a real server every HTTP request begins afresh, so Prepare sets exactly the difference.
type session struct {
	database string
	base     map[string]string
	applied  map[string]string
}

func newSession(base map[string]string) session {
	return session{database: DefaultDatabase, base: base, applied: maps.Clone(base)}
}

// Prepare makes database current and sets the settings, taking back those that the statement before had set.
// An unknown database or setting is the engine's own *Exception.
func (c *Conn) Prepare(database string, settings map[string]string) error {
	if database == "" {
		database = DefaultDatabase
	}
	if database != c.session.database {
		if _, err := c.Query("USE "+quoteIdentifier(database), "TabSeparated", nil); err != nil {
			return err
		}
		c.session.database = database
	}
	wanted := maps.Clone(c.session.base)
	if wanted == nil {
		wanted = map[string]string{}
	}
	maps.Copy(wanted, settings)
	for _, name := range slices.Sorted(maps.Keys(c.session.applied)) {
		if _, ok := wanted[name]; !ok {
			if err := c.set(name, "DEFAULT"); err != nil {
				return err
			}
			delete(c.session.applied, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if value, ok := c.session.applied[name]; ok && value == wanted[name] {
			continue
		}
		if err := c.set(name, quoteString(wanted[name])); err != nil {
			return err
		}
		c.session.applied[name] = wanted[name]
	}
	return nil
}

func (c *Conn) set(name, value string) error {
	if !settingName.MatchString(name) {
		return &Exception{Code: 115, Message: fmt.Sprintf("Code: 115. DB::Exception: Unknown setting '%.64s'. (UNKNOWN_SETTING)", name)}
	}
	_, err := c.Query("SET "+name+" = "+value, "TabSeparated", nil)
	return err
}

func quoteIdentifier(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

func quoteString(value string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(value) + "'"
}
