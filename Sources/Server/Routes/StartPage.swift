/// `/`: says what is here, with links.
enum StartPage {
    static func route(_ services: Services, listing routes: [Route]) -> Route {
        let page = html(version: services.version, routes)
        return Route(.get, "/", summary: "this page") { _ in
            Response(contentType: "text/html; charset=utf-8", page)
        }
    }

    private static func html(version: String, _ routes: [Route]) -> [UInt8] {
        var rows = ""
        for route in routes {
            let path = escaped(route.path)
            // Only what a click can ask for is a link.
            let isLink = route.method == .get && !route.path.contains("{")
            let shown = isLink ? "<a href=\"\(path)\">\(path)</a>" : path
            rows += "<tr><td>\(route.method.rawValue)<td>\(shown)<td>\(escaped(route.summary))\n"
        }
        let page = """
            <!DOCTYPE html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>mon</title>
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem }
            td { padding: .2rem 1rem .2rem 0; vertical-align: top }
            </style>
            <h1>mon</h1>
            <p>\(escaped(version)). This host's monitor; here is what it serves.</p>
            <table>
            \(rows)</table>

            """
        return Array(page.utf8)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
