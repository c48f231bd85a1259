#!/bin/sh
# What a MariaDB image does at its start: makes the data folder, the database and its users once, then serves them.
# Reads MARIADB_ROOT_PASSWORD (or MYSQL_ROOT_PASSWORD), MARIADB_DATABASE, MARIADB_USER and MARIADB_PASSWORD; the last
# three may be missing.
set -eu
root_password=${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:?}}
data=/var/lib/mysql/data
run=/tmp/mysqld
mkdir -p "$run"
chown mysql "$run" /var/lib/mysql
as_mysql="setpriv --reuid=mysql --regid=mysql --clear-groups"

quote() { printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"; }

if [ ! -e "$data/made" ]; then
  rm -rf "$data"
  $as_mysql mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  $as_mysql touch "$data/made"
fi
{
  cat <<SQL
DROP USER IF EXISTS root@localhost, root@127.0.0.1, root@'::1';
CREATE OR REPLACE USER root@'%' IDENTIFIED BY $(quote "$root_password");
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
SQL
  if [ -n "${MARIADB_DATABASE:-}" ]; then
    cat <<SQL
CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\` CHARACTER SET utf8mb4;
CREATE OR REPLACE USER $(quote "$MARIADB_USER")@'%' IDENTIFIED BY $(quote "$MARIADB_PASSWORD");
GRANT ALL ON \`$MARIADB_DATABASE\`.* TO $(quote "$MARIADB_USER")@'%';
SQL
  fi
} >"$run/users.sql"
chown -R mysql "$run"
exec $as_mysql mariadbd --no-defaults --datadir="$data" --socket="$run/s.sock" --pid-file="$run/pid" --port=3306 \
  --bind-address=0.0.0.0 --skip-name-resolve --init-file="$run/users.sql"
