#!/bin/sh
# What a WordPress image does at its start: puts the program into an empty volume, then serves it.
# Reads the WORDPRESS_* variables that wp-config.php names.
set -eu
site=/var/www/html
if [ ! -e "$site/wp-config.php" ]; then
  cp -RL /usr/share/wordpress/. "$site"
  rm -f "$site/wp-config.php"
  mkdir -p "$site/wp-content/uploads"
  keys=""
  for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
    keys="${keys}define('$name', '$(head -c 48 /dev/urandom | base64 -w0)');
"
  done
  { cat /opt/wordpress/wp-config-head.php; printf '%s' "$keys"; cat /opt/wordpress/wp-config-tail.php; } >"$site/.new-config"
  chown -R www-data:www-data "$site"
  mv "$site/.new-config" "$site/wp-config.php"
fi
for module in /usr/lib/apache2/modules/libphp*.so; do php=$module; done
exec apache2 -DFOREGROUND -C "LoadModule php_module $php" -f /opt/wordpress/apache.conf
