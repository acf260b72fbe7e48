using System;
using System.Collections;
using System.IO;
using System.Linq;
using System.Reflection;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

/// <summary>
/// Reads messages into generated classes, and writes them back. Classes are found by name, so that this file knows no generator's.
///
/// ReadBack.exe CLASSES.dll quicktype|modelina ROOT-CLASS SUFFIX MEMBER MESSAGES OUTPUT
///
/// Written and printed is what ReadBack.java writes and prints.
/// </summary>
public static class ReadBack
{
    private static Assembly classes;
    private static bool isQuicktype;

    public static void Main(string[] arguments)
    {
        classes = Assembly.LoadFrom(arguments[0]);
        isQuicktype = arguments[1] == "quicktype";
        Directory.CreateDirectory(arguments[6]);
        foreach (string file in Directory.GetFiles(arguments[5]).OrderBy(path => path, StringComparer.Ordinal))
        {
            Read(file, arguments[2], arguments[3], arguments[4], arguments[6]);
        }
    }

    private static void Read(string file, string root, string suffix, string member, string output)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        string text = File.ReadAllText(file);
        Attempt(() => File.WriteAllText(Path.Combine(output, name + ".json"), Write(ReadAs(root, text))), name);
        JObject tree = JsonConvert.DeserializeObject<JObject>(text, new JsonSerializerSettings { DateParseHandling = DateParseHandling.None });
        var checks = (JArray)tree["checks"];
        for (int index = 0; index < checks.Count; index++)
        {
            JToken check = checks[index];
            string place = name + "." + index;
            Attempt(() => ReadCheck(name, place, check, suffix, member, output), place);
        }
    }

    private static void ReadCheck(string name, string place, JToken one, string suffix, string member, string output)
    {
        string title = Camel((string)one["check"]) + suffix;
        title = classes.GetType("Ccas." + title) == null ? "OtherCheck" + suffix : title;
        object check = ReadAs(title, one.ToString());
        string camel = Camel(member);
        PropertyInfo property = check.GetType().GetProperty(camel) ?? check.GetType().GetProperty("Reserved" + camel);
        object value = property.GetValue(check, null);
        string index = place.Substring(name.Length + 1);
        Console.WriteLine(string.Join("\t", name, index, check.GetType().Name, value == null ? "null" : value.GetType().Name));
        File.WriteAllText(Path.Combine(output, place + ".json"), Write(check));
    }

    /// <summary>What a class cannot read or write is not written, and the next message is tried.</summary>
    private static void Attempt(Action action, string what)
    {
        try
        {
            action();
        }
        catch (Exception error)
        {
            Exception cause = error.GetBaseException();
            Console.Error.WriteLine(what + ": " + cause.GetType().Name + ": " + cause.Message.Split('\n')[0]);
        }
    }

    private static object ReadAs(string title, string text)
    {
        // As the guide says: Modelina's classes read no null in the place of an object.
        if (!isQuicktype) text = WithoutNull(text);
        return JsonConvert.DeserializeObject(text, classes.GetType("Ccas." + title, true), Settings());
    }

    private static string WithoutNull(string text)
    {
        JObject tree = JsonConvert.DeserializeObject<JObject>(text, new JsonSerializerSettings { DateParseHandling = DateParseHandling.None });
        foreach (JProperty member in tree.Descendants().OfType<JProperty>().Where(one => one.Value.Type == JTokenType.Null).ToList()) member.Remove();
        return tree.ToString();
    }

    private static string Write(object value)
    {
        return JsonConvert.SerializeObject(value, Settings());
    }

    private static JsonSerializerSettings Settings()
    {
        if (!isQuicktype) return new JsonSerializerSettings { DateParseHandling = DateParseHandling.None };
        return (JsonSerializerSettings)classes.GetType("Ccas.Converter", true).GetField("Settings").GetValue(null);
    }

    private static string Camel(string check)
    {
        return string.Concat(check.Split('_').Where(word => word != "").Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)));
    }
}
