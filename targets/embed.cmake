# Writes OUTPUT, a C++ file with the text of each of FILES (target descriptions) as an array of {name, text}.
set(rows "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "  {\"${name}\", R\"toml(${text})toml\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"targets/embedded.h\"\nnamespace lathe {\nconst EmbeddedTarget embedded_targets[] = {\n${rows}  {nullptr, nullptr}};\n}\n")
