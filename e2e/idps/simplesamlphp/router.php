<?php
// Router for PHP's built-in web server: /simplesaml/... is SimpleSAMLphp's www folder.
$www = '/usr/share/simplesamlphp/www';
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (strncmp($path, '/simplesaml/', 12) !== 0 || strpos($path, '..') !== false) {
    http_response_code(404);
    echo 'not here';
    return true;
}
$rel = substr($path, 11);
if (preg_match('#^(/.*?\.php)(/.*)?$#', $rel, $m) && is_file($www . $m[1])) {
    $_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/simplesaml' . $m[1];
    $_SERVER['SCRIPT_FILENAME'] = $www . $m[1];
    $_SERVER['PATH_INFO'] = $m[2] ?? '';
    chdir(dirname($www . $m[1]));
    require $www . $m[1];
    return true;
}
$file = realpath($www . $rel);
if ($file && is_file($file) && strncmp($file, $www, strlen($www)) === 0) {
    $types = ['css' => 'text/css', 'js' => 'text/javascript', 'png' => 'image/png', 'svg' => 'image/svg+xml'];
    header('Content-Type: ' . ($types[pathinfo($file, PATHINFO_EXTENSION)] ?? 'application/octet-stream'));
    readfile($file);
    return true;
}
http_response_code(404);
echo 'not here';
return true;
