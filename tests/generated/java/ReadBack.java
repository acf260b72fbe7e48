import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import com.fasterxml.jackson.databind.jsontype.TypeIdResolver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads messages into generated classes, and writes them back. Classes are found by name, so that this file knows no generator's.
 *
 * java ReadBack quicktype|modelina ROOT-CLASS SUFFIX MEMBER MESSAGES OUTPUT
 *
 * Each message is a file, NAME.json; written are NAME.json, the whole, and NAME.INDEX.json, each check by its own class. What is
 * printed is one line for each check: the message, the place, the class of the check and that of its MEMBER.
 */
public final class ReadBack {
    private static final String PACKAGE = "ccas.";
    private final ObjectMapper trees = new ObjectMapper();
    private final boolean isQuicktype;
    private final ObjectMapper mapper;

    private ReadBack(boolean isQuicktype) {
        this.isQuicktype = isQuicktype;
        this.mapper = isQuicktype ? null : modelinaMapper();
    }

    public static void main(String[] arguments) throws Exception {
        ReadBack reader = new ReadBack(arguments[0].equals("quicktype"));
        Path output = Path.of(arguments[5]);
        Files.createDirectories(output);
        try (var files = Files.list(Path.of(arguments[4]))) {
            for (Path file : files.sorted().toList()) {
                reader.read(file, arguments[1], arguments[2], arguments[3], output);
            }
        }
    }

    private void read(Path file, String root, String suffix, String member, Path output) throws Exception {
        String name = file.getFileName().toString().replace(".json", "");
        String text = Files.readString(file);
        Object whole = readAs(root, text);
        Files.writeString(output.resolve(name + ".json"), write(root, whole));
        JsonNode checks = trees.readTree(text).get("checks");
        for (int index = 0; index < checks.size(); index++) {
            Object check;
            if (isQuicktype) {
                String title = camel(checks.get(index).get("check").asText()) + suffix;
                title = exists(title) ? title : "OtherCheck" + suffix;
                check = readAs(title, checks.get(index).toString());
                Files.writeString(output.resolve(name + "." + index + ".json"), write(title, check));
            } else {
                check = ((List<?>) whole.getClass().getMethod("getChecks").invoke(whole)).get(index);
                Files.writeString(output.resolve(name + "." + index + ".json"), mapper.writeValueAsString(check));
            }
            Object value = getter(check, member).invoke(check);
            String type = value == null ? "null" : value.getClass().getSimpleName();
            System.out.println(String.join("\t", name, String.valueOf(index), check.getClass().getSimpleName(), type));
        }
    }

    private static java.lang.reflect.Method getter(Object object, String member) throws NoSuchMethodException {
        String name = member.substring(0, 1).toUpperCase() + member.substring(1);
        try {
            return object.getClass().getMethod("get" + name);
        } catch (NoSuchMethodException missing) {
            return object.getClass().getMethod("getReserved" + name);
        }
    }

    private Object readAs(String title, String text) throws Exception {
        if (isQuicktype) {
            return converter().getMethod(title + "FromJsonString", String.class).invoke(null, text);
        }
        return mapper.readValue(text, Class.forName(PACKAGE + title));
    }

    private String write(String title, Object value) throws Exception {
        if (isQuicktype) {
            return (String) converter().getMethod(title + "ToJsonString", value.getClass()).invoke(null, value);
        }
        return mapper.writeValueAsString(value);
    }

    private static Class<?> converter() throws ClassNotFoundException {
        return Class.forName(PACKAGE + "Converter");
    }

    private static boolean exists(String title) {
        try {
            Class.forName(PACKAGE + title);
            return true;
        } catch (ClassNotFoundException missing) {
            return false;
        }
    }

    private static String camel(String check) {
        StringBuilder name = new StringBuilder();
        for (String word : check.split("_")) {
            name.append(word.isEmpty() ? "" : word.substring(0, 1).toUpperCase() + word.substring(1));
        }
        return name.toString();
    }

    /** As the guide says: a check that the classes do not know is an Other…. */
    private static ObjectMapper modelinaMapper() {
        ObjectMapper mapper = new ObjectMapper().registerModule(new Instants());
        mapper.disable(SerializationFeature.FAIL_ON_EMPTY_BEANS); // the parameters of a check that takes none
        return mapper.addHandler(new DeserializationProblemHandler() {
            @Override
            public JavaType handleUnknownTypeId(
                    DeserializationContext context, JavaType base, String check, TypeIdResolver resolver, String message) {
                try {
                    return context.constructType(Class.forName(PACKAGE + "Other" + base.getRawClass().getSimpleName()));
                } catch (ClassNotFoundException missing) {
                    return null;
                }
            }
        });
    }
}
