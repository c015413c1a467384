import Model

/// The labels of an alias' series seen from those of the stored ones, in both directions: what a stored series is
/// called, and which stored series a condition on such a name asks for.
struct AliasLabels {
    private let alias: Alias
    private let added: [(name: String, value: String)]

    /// - Parameter target: What the labels `job` and `instance` say; nil where they are left to whoever scrapes.
    init(_ alias: Alias, target: Target?) {
        self.alias = alias
        var added: [(name: String, value: String)] = []
        for case .add(let name, let value) in alias.changes { added.append((name, value)) }
        if alias.isTargeted, let target { added += target.labels }
        self.added = added
    }

    /// What the series is called that the alias makes of a stored one; nil where it takes no part.
    func labels(of stored: Labels, as term: Formula.Term) -> Labels? {
        var builder = LabelsBuilder()
        for label in stored {
            guard label.name != Labels.metricNameLabel else { continue }
            guard !term.fixed.contains(where: { $0.key == label.name }) else { continue }
            let (name, value) = changed(label)
            guard let value else { return nil }
            if let name { builder.set(name, value) }
        }
        for case .pick(let name, _) in alias.changes where stored.value(of: name) == nil { return nil }
        let given = builder.labels()
        for (name, value) in added where given.value(of: name) == nil { builder.set(name, value) }
        builder.set(Labels.metricNameLabel, alias.name)
        return builder.labels()
    }

    /// - Returns: No name for a label that is dropped, no value for a series that takes no part.
    private func changed(_ label: Label) -> (name: String?, value: String?) {
        for case .rename(label.name, to: let name) in alias.changes { return (name, label.value) }
        for change in alias.changes {
            switch change {
            case .rename(_, to: label.name), .drop(label.name): return (nil, label.value)
            case .map(label.name, let pairs):
                return (label.name, pairs.first { $0.key == label.value }?.value ?? label.value)
            case .pick(label.name, let pairs): return (label.name, pairs.first { $0.key == label.value }?.value)
            case .rename, .drop, .add, .map, .pick: break
            }
        }
        return (label.name, label.value)
    }

    /// What of the matchers can be asked of the stored series of a term: these find all whose alias satisfies
    /// `matchers`, and maybe others. Nil where none can satisfy them.
    func stored(_ matchers: [Matcher], as term: Formula.Term) -> [Matcher]? {
        var found = AliasLabels.conditions(term)
        for case .pick(let name, let pairs) in alias.changes { found.append(.oneOf(pairs.map(\.key), name)) }
        for matcher in matchers where matcher.name != Labels.metricNameLabel {
            switch question(matcher, as: term) {
            case .any: break
            case .nobody: return nil
            case .matcher(let matcher): found.append(matcher)
            }
        }
        return found
    }

    /// The conditions of a term on labels beside the name.
    static func conditions(_ term: Formula.Term) -> [Matcher] {
        term.fixed.map { Matcher($0.key, equals: $0.value) }
            + term.without.map { Matcher($0.key, doesNotMatch: $0.value) }
    }

    private enum Question {
        /// Every stored series may satisfy it.
        case any
        case nobody
        case matcher(Matcher)
    }

    private enum Origin {
        case nowhere
        case stored(String)
        case mapped(String, KeyValuePairs<String, String>, keepsOthers: Bool)
    }

    private func question(_ matcher: Matcher, as term: Formula.Term) -> Question {
        let constant = added.first { $0.name == matcher.name }?.value
        // A stored series without the label has the constant.
        let isConstantEnough = constant.map { matcher.matches($0) }
        switch origin(of: matcher.name, as: term) {
        case .nowhere: return isConstantEnough ?? matcher.matchesEmpty ? .any : .nobody
        case .stored(let name): return isConstantEnough == true ? .any : .matcher(matcher.renamed(name))
        case .mapped(let name, let pairs, let keepsOthers):
            if isConstantEnough == true { return .any }
            var values = pairs.filter { matcher.matches($0.value) }.map(\.key)
            if keepsOthers {
                // Of other conditions than `=` one cannot say what else they find.
                guard matcher.operation == .equal, !matcher.value.isEmpty else { return .any }
                if !pairs.contains(where: { $0.key == matcher.value }) { values.append(matcher.value) }
            }
            return values.isEmpty ? .nobody : .matcher(.oneOf(values, name))
        }
    }

    /// Where the value of an alias' label comes from.
    private func origin(of name: String, as term: Formula.Term) -> Origin {
        for case .rename(let stored, to: name) in alias.changes {
            return term.fixed.contains { $0.key == stored } ? .nowhere : .stored(stored)
        }
        if term.fixed.contains(where: { $0.key == name }) { return .nowhere }
        for change in alias.changes {
            switch change {
            case .rename(name, to: _), .drop(name): return .nowhere
            case .map(name, let pairs): return .mapped(name, pairs, keepsOthers: true)
            case .pick(name, let pairs): return .mapped(name, pairs, keepsOthers: false)
            case .rename, .drop, .add, .map, .pick: break
            }
        }
        return .stored(name)
    }
}

extension Matcher {
    /// An expression of the table itself, which compiles: AliasTableTests goes through all of them.
    fileprivate init(_ name: String, doesNotMatch expression: String) {
        self = Matcher.compiled(name, .doesNotMatch, expression)
    }

    /// The value is one of `values`.
    static func oneOf(_ values: [String], _ name: String) -> Matcher {
        values.count == 1 ? Matcher(name, equals: values[0]) : compiled(name, .matches, RegexpText.oneOf(values))
    }

    /// The same condition on another label.
    fileprivate func renamed(_ other: String) -> Matcher {
        other == name ? self : Matcher.compiled(other, operation, value)
    }

    /// A condition of this program's own, which compiles.
    static func compiled(_ name: String, _ operation: Operation, _ value: String) -> Matcher {
        do throws(RegularExpressionError) {
            return try Matcher(name, operation, value)
        } catch {
            preconditionFailure("an expression of the alias table does not compile: \(error)")
        }
    }
}
