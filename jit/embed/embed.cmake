# Writes OUTPUT, a C++ file with the bytes of HEADER and of OBJECT.
function(bytes_of file result)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
  string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f]))" "\\1\"\n  \"" bytes "${bytes}")
  set(${result} "\"${bytes}\"" PARENT_SCOPE)
endfunction()
bytes_of(${HEADER} header)
bytes_of(${OBJECT} object)
file(WRITE ${OUTPUT} "#include \"jit/embed/embedded.h\"\nnamespace lathe {\n"
  "constexpr char header[] = ${header};\nconstexpr char object[] = ${object};\n"
  "const std::string_view embedded_abi_header(header, sizeof header - 1);\n"
  "const std::string_view embedded_call_object(object, sizeof object - 1);\n}\n")
