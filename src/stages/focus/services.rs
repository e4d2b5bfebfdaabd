//! FOCUS's categories of services, by words in the vendor's own names: the ledger keeps those, and not what a FOCUS file
//! may have said. A service that no word fits is `Other`, which says no more than is known.

/// Words in the folded code or name of a service; the first that is there decides.
const WORDS: &[(&str, &str)] = &[
    ("openai", "AI and Machine Learning"),
    ("bedrock", "AI and Machine Learning"),
    ("anthropic", "AI and Machine Learning"),
    ("copilot", "AI and Machine Learning"),
    ("cognitive", "AI and Machine Learning"),
    ("foundry", "AI and Machine Learning"),
    ("sagemaker", "AI and Machine Learning"),
    ("machinelearning", "AI and Machine Learning"),
    ("databricks", "Analytics"),
    ("synapse", "Analytics"),
    ("athena", "Analytics"),
    ("redshift", "Analytics"),
    ("quicksight", "Analytics"),
    ("glue", "Analytics"),
    ("backup", "Storage"),
    ("storage", "Storage"),
    ("s3", "Storage"),
    ("elasticfilesystem", "Storage"),
    ("elasticblock", "Storage"),
    ("glacier", "Storage"),
    ("rds", "Databases"),
    ("relationaldatabase", "Databases"),
    ("dynamodb", "Databases"),
    ("cosmos", "Databases"),
    ("documentdb", "Databases"),
    ("elasticache", "Databases"),
    ("cache", "Databases"),
    ("sql", "Databases"),
    ("database", "Databases"),
    ("keyvault", "Security"),
    ("kms", "Security"),
    ("keymanagement", "Security"),
    ("defender", "Security"),
    ("securitycenter", "Security"),
    ("secretsmanager", "Security"),
    ("guardduty", "Security"),
    ("securityhub", "Security"),
    ("sentinel", "Security"),
    ("waf", "Security"),
    ("activedirectory", "Identity"),
    ("entra", "Identity"),
    ("cognito", "Identity"),
    ("cloudwatch", "Management and Governance"),
    ("cloudtrail", "Management and Governance"),
    ("monitor", "Management and Governance"),
    ("loganalytics", "Management and Governance"),
    ("insights", "Management and Governance"),
    ("support", "Management and Governance"),
    ("servicecatalog", "Management and Governance"),
    ("vpc", "Networking"),
    ("virtualnetwork", "Networking"),
    ("virtualprivatecloud", "Networking"),
    ("network", "Networking"),
    ("bandwidth", "Networking"),
    ("datatransfer", "Networking"),
    ("loadbalanc", "Networking"),
    ("elb", "Networking"),
    ("cloudfront", "Networking"),
    ("frontdoor", "Networking"),
    ("route53", "Networking"),
    ("dns", "Networking"),
    ("expressroute", "Networking"),
    ("directconnect", "Networking"),
    ("vpngateway", "Networking"),
    ("sqs", "Integration"),
    ("sns", "Integration"),
    ("queue", "Integration"),
    ("notification", "Integration"),
    ("eventhub", "Integration"),
    ("servicebus", "Integration"),
    ("eventbridge", "Integration"),
    ("logicapps", "Integration"),
    ("apimanagement", "Integration"),
    ("apigateway", "Integration"),
    ("iot", "Internet of Things"),
    ("github", "Developer Tools"),
    ("devops", "Developer Tools"),
    ("codebuild", "Developer Tools"),
    ("codepipeline", "Developer Tools"),
    ("appservice", "Web"),
    ("amplify", "Web"),
    ("websites", "Web"),
    ("lambda", "Compute"),
    ("functions", "Compute"),
    ("ec2", "Compute"),
    ("elasticcompute", "Compute"),
    ("virtualmachine", "Compute"),
    ("compute", "Compute"),
    ("ecs", "Compute"),
    ("eks", "Compute"),
    ("fargate", "Compute"),
    ("container", "Compute"),
    ("kubernetes", "Compute"),
    ("batch", "Compute"),
    ("workspaces", "Business Applications"),
    ("microsoft365", "Business Applications"),
    ("office", "Business Applications"),
    ("chatgpt", "AI and Machine Learning"),
    ("gpt", "AI and Machine Learning"),
    ("claude", "AI and Machine Learning"),
];

pub fn category_of(code: &str, name: &str) -> &'static str {
    let fold =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (code, name) = (fold(code), fold(name));
    let found = |text: &str| WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, category)| *category);
    found(&name).or_else(|| found(&code)).unwrap_or("Other")
}

#[cfg(test)]
mod tests {
    use super::category_of;

    #[test]
    fn services_by_their_words() {
        for (code, name, category) in [
            ("AmazonEC2", "Amazon Elastic Compute Cloud", "Compute"),
            ("AmazonS3", "Amazon Simple Storage Service", "Storage"),
            ("Microsoft.Compute", "Virtual Machines", "Compute"),
            ("Microsoft.Sql", "SQL Database", "Databases"),
            ("AmazonBedrock", "", "AI and Machine Learning"),
            ("", "Telecom lines", "Other"),
        ] {
            assert_eq!(category_of(code, name), category, "{code} {name}");
        }
    }
}
